# SPDX-License-Identifier: Apache-2.0
# Completions of bfatrace for fish; made by `make completions` from completions/fish.in.

# Ids and names of the processes of user space: those that are not threads of the kernel.
function __bfatrace_processes
    ps --ppid 2 -p 2 --deselect -o pid=,comm= | string replace -rf '^ *(\d+) (.*)' '$1\t$2'
end

# The last of the ids in a list.
function __bfatrace_complete_pid
    set -l list (string match -r '.*,' -- (commandline -ct | string replace -r '^-(-[a-z-]*=|[a-zA-Z])' ''))
    __bfatrace_processes | string replace -r '^' -- "$list"
end

function __bfatrace_complete_name
    __bfatrace_processes | string replace -r '^\d+\t' '' | string match -rv '\?' | sort -u
end

function __bfatrace_complete_user
    __fish_complete_users
end

function __bfatrace_complete_dir
    __fish_complete_directories
end

# The control groups of all processes.
function __bfatrace_cgroups
    cat /proc/*/cgroup 2>/dev/null | string replace -rf '^0::' '' | sort -u
end

function __bfatrace_complete_unit
    __bfatrace_cgroups | string split / | string match -r '^.+\.(?:service|scope|slice|socket|mount|swap)$' | string replace -r '^_' '' | sort -u
end

function __bfatrace_complete_container
    set -l names (__bfatrace_cgroups | string split /)
    string match -v '*conmon-*' -- $names | string replace -rf '^(?:.*-)?([0-9a-f]{64})(?:\.scope)?$' '$1' | sort -u
    string replace -rf '^lxc\.payload\.(.+)$' '$1' -- $names | sort -u
end

# A directory, or the control group of a process.
function __bfatrace_complete_cgroup
    __bfatrace_cgroups
    __fish_complete_directories
end

function __bfatrace_complete_disk
    path basename /sys/block/*
    __fish_complete_path
end

# One more of the letters.
function __bfatrace_complete_types
    set -l typed (commandline -ct | string replace -r '^-(-[a-z-]*=|[a-zA-Z])' '' | string unescape)
    for line in 'R'\t'read' 'C'\t'closed' 'W'\t'written' 'O'\t'opened' '+'\t'created in a directory' 'D'\t'deleted' '<'\t'moved away' '>'\t'moved in' 'M'\t'mapped'
        set -l letter (string sub -l 1 -- $line)
        contains -- $letter (string upper -- $typed | string split ''); or echo $typed$line
    end
end

# After --: a command, completed as if it stood alone.
function __bfatrace_command
    set -l before (commandline -opc)
    set -l dashes (contains -i -- -- $before); or return
    set -l words (string escape -- $before[(math $dashes + 1)..]) (commandline -ct)
    complete -C "$words"
end

complete -c bfatrace -f
complete -c bfatrace -n 'contains -- -- (commandline -opc)' -a '(__bfatrace_command)'
complete -c bfatrace -s p -l pid -x -a '(__bfatrace_complete_pid)' -d 'Only this process, with all its threads; also 12,34'
complete -c bfatrace -s c -l comm -x -a '(__bfatrace_complete_name)' -d 'Only processes with this name'
complete -c bfatrace -s C -l command -x -a '(__bfatrace_complete_name)' -d 'Another name of --comm, for users of fatrace'
complete -c bfatrace -s F -l follow -d 'With -p or -c: also the children that these start from now on'
complete -c bfatrace -l ignore-pid -x -a '(__bfatrace_complete_pid)' -d 'All but this process; also 12,34'
complete -c bfatrace -l ignore-comm -x -a '(__bfatrace_complete_name)' -d 'All but processes with this name'
complete -c bfatrace -l uid -x -a '(__bfatrace_complete_user)' -d 'Only processes of this user, name or number'
complete -c bfatrace -l unit -x -a '(__bfatrace_complete_unit)' -d 'Only processes in this unit of systemd: nginx.service, or nginx; a slice, a scope'
complete -c bfatrace -l container -x -a '(__bfatrace_complete_container)' -d 'Only processes of this container: the start of its id, or its name with LXC'
complete -c bfatrace -l under-cgroup -x -a '(__bfatrace_complete_cgroup)' -d 'Only processes in this control group or below it: a directory, or as in /proc/PID/cgroup'
complete -c bfatrace -l as -x -a '(__bfatrace_complete_user)' -d 'Run COMMAND as this user, name or number'
complete -c bfatrace -s d -l dir -x -a '(__bfatrace_complete_dir)' -d 'Only files directly in this directory'
complete -c bfatrace -l under -x -a '(__bfatrace_complete_dir)' -d 'Only files anywhere below this directory'
complete -c bfatrace -l file -r -F -d 'Only the file of this name, whichever inode has it; it need not exist yet'
complete -c bfatrace -l ignore-under -x -a '(__bfatrace_complete_dir)' -d 'Nothing below this directory'
complete -c bfatrace -l path -x -d 'Only paths that match; * stops at /, ** does not'
complete -c bfatrace -l exclude -x -d 'Only paths that do not match'
complete -c bfatrace -l current-mount -d 'Only the file system of the current directory'
complete -c bfatrace -l all -d 'Also virtual file systems and device nodes'
complete -c bfatrace -s f -l filter -x -a '(__bfatrace_complete_types)' -d 'Only these types: letters of R C W O + D < > M'
complete -c bfatrace -s S -l syscalls -d 'Print a line for every system call instead of merged lines'
complete -c bfatrace -s m -l metadata -d 'Also calls that do not open: stat, access, chmod, ...; implies --syscalls'
complete -c bfatrace -s x -l failed -d 'Only calls that failed; implies --syscalls'
complete -c bfatrace -l slower -x -d 'Only calls that took at least MS milliseconds; implies --syscalls'
complete -c bfatrace -l disk -d 'Requests to disks instead of accesses: who caused them, for which file, and why'
complete -c bfatrace -l wakeups -x -d 'Only requests to a disk that was idle for this time, 60 or 10m; implies --disk'
complete -c bfatrace -l device -x -a '(__bfatrace_complete_disk)' -d 'Only this disk: sda, or a path on it; implies --disk'
complete -c bfatrace -l histogram -d 'Print how long requests to disks took, or calls with --syscalls, in place of lines'
complete -c bfatrace -l summary -d 'At the end, print a table of processes: opens, reads, writes, bytes, files'
complete -c bfatrace -l summary-only -d 'Print only the summary, without the lines'
complete -c bfatrace -l by -x -d 'Print a table by up to three of process, comm, exe, file, dir, dir:N, user, unit, container, device, call'
complete -c bfatrace -l sort -x -d 'Sort rows by this column, the largest first (default: bytes)'
complete -c bfatrace -l rows -x -d 'Print at most N rows, then one for all others'
complete -c bfatrace -l every -x -d 'Print a table for each interval of this length: 10, 5m, 1h, 1d'
complete -c bfatrace -l top -d 'Show the table on the full screen, again and again; the key h lists the keys'
complete -c bfatrace -l changes -d 'At the end, list what remains of all changes: created, modified, deleted, moved, attributes'
complete -c bfatrace -l inputs -d 'At the end, list files that existed before and were read or executed; with --failed, also files looked up in vain'
complete -c bfatrace -s l -l long -d 'Add descriptor, flags, mode, counts, bytes to merged lines'
complete -c bfatrace -s j -l json -d 'Print JSON lines'
complete -c bfatrace -s t -l timestamp -d 'Add the time; given twice, in seconds since the epoch'
complete -c bfatrace -l host -d 'Add this name, or that of the host, and the id of its boot to JSON lines'
complete -c bfatrace -s u -l user -d 'Add uid and gid'
complete -c bfatrace -s e -l exe -d 'Add the path of the executable'
complete -c bfatrace -s P -l parents -d 'Add all ancestors of the process; with --exe, their executables too'
complete -c bfatrace -l cgroup -d 'Add the control group; in JSON, also its unit and container'
complete -c bfatrace -l cwd -d 'Add the working directory'
complete -c bfatrace -l args -d 'Add the command line, which can hold secrets'
complete -c bfatrace -s o -l output -r -F -d 'Write to this file, which must not exist; SIGHUP opens it anew'
complete -c bfatrace -l append -d 'Add to the file of --output if it exists'
complete -c bfatrace -l color -x -a 'auto always never' -d 'Print colours: auto, always or never'
complete -c bfatrace -l record -r -F -d 'Write what the kernel reports, unformatted, to this file; -: standard output'
complete -c bfatrace -l replay -r -F -d 'Print a recording as if it happened now; -: standard input'
complete -c bfatrace -l interval -x -d 'How often merged lines are printed, in milliseconds (default: 100)'
complete -c bfatrace -l ring-size -x -d 'Memory for events that wait to be printed, in MiB, rounded up to a power of two (default: 8)'
complete -c bfatrace -s s -l seconds -x -d 'Stop after N seconds, such as 0.5, 90, 5m, 2h or 1d'
complete -c bfatrace -s n -l count -x -d 'Stop after N lines'
complete -c bfatrace -l check -d 'Show what this kernel and this user allow, what is missing, and what to do'
complete -c bfatrace -l version -d 'Show the version'
complete -c bfatrace -s h -l help -d 'Show help information'

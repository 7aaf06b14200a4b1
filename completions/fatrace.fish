# SPDX-License-Identifier: Apache-2.0
# Completions of fatrace for fish; made by `make completions` from completions/fish.in.

# Ids and names of the processes of user space: those that are not threads of the kernel.
function __fatrace_processes
    ps --ppid 2 -p 2 --deselect -o pid=,comm= | string replace -rf '^ *(\d+) (.*)' '$1\t$2'
end

function __fatrace_complete_pid
    __fatrace_processes
end

function __fatrace_complete_name
    __fatrace_processes | string replace -r '^\d+\t' '' | string match -rv '\?' | sort -u
end

function __fatrace_complete_dir
    __fish_complete_directories
end

# One more of the letters.
function __fatrace_complete_types
    set -l typed (commandline -ct | string replace -r '^-(-[a-z-]*=|[a-zA-Z])' '' | string unescape)
    for line in 'R'\t'read' 'C'\t'closed' 'W'\t'written' 'O'\t'opened' '+'\t'created in a directory' 'D'\t'deleted' '<'\t'moved away' '>'\t'moved in'
        set -l letter (string sub -l 1 -- $line)
        contains -- $letter (string upper -- $typed | string split ''); or echo $typed$line
    end
end

complete -c fatrace -f -a '(__fatrace_complete_dir)'
complete -c fatrace -s c -l current-mount -d 'Only the file system of the current directory'
complete -c fatrace -s d -l dir -x -a '(__fatrace_complete_dir)' -d 'Only files directly in this directory'
complete -c fatrace -s p -l ignore-pid -x -a '(__fatrace_complete_pid)' -d 'All but this process'
complete -c fatrace -s C -l command -x -a '(__fatrace_complete_name)' -d 'Only processes with this name'
complete -c fatrace -s f -l filter -x -a '(__fatrace_complete_types)' -d 'Only these types: letters of R C W O + D < >'
complete -c fatrace -s t -l timestamp -d 'Add the time; given twice, in seconds since the epoch'
complete -c fatrace -s u -l user -d 'Add uid and gid'
complete -c fatrace -s e -l exe -d 'Add the path of the executable'
complete -c fatrace -s P -l parents -d 'Add all ancestors of the process'
complete -c fatrace -s j -l json -d 'Print JSON lines'
complete -c fatrace -s o -l output -r -F -d 'Write to this file, which must not exist'
complete -c fatrace -s s -l seconds -x -d 'Stop after N seconds'
complete -c fatrace -s h -l help -d 'Show this'

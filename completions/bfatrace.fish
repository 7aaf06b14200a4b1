function __bfatrace_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __bfatrace_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __bfatrace_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __bfatrace_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __bfatrace_parse_tokens -S
    set -l unparsed_tokens (__bfatrace_tokens -pc)
    switch $unparsed_tokens[1]
    case 'bfatrace'
        __bfatrace_parse_subcommand -r 1 'p/pid=+' 'c/comm=+' 'C/command=+' 'F/follow' 'ignore-pid=+' 'ignore-comm=+' 'uid=' 'as=' 'd/dir=+' 'under=+' 'current-mount' 'all' 'f/filter=' 'S/syscalls' 'm/metadata' 'x/failed' 'slower=' 'l/long' 'j/json' 't/timestamp' 'u/user' 'o/output=' 'color=' 'summary' 'summary-only' 's/seconds=' 'n/count=' 'check' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __bfatrace_parse_subcommand -r 1 'version'
        end
    end
end

function __bfatrace_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __bfatrace_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __bfatrace_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __bfatrace_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__bfatrace_tokens -p)
    if test -z "$(__bfatrace_tokens -t)"
        set -l index (count (__bfatrace_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'bfatrace' -f
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'pid' -s 'p' -d 'Only this process, all its threads; also 12,34.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'comm' -s 'c' -d 'Only processes with this name.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -s 'C' -l 'command' -d 'The same as --comm.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" F follow' -s 'F' -l 'follow' -d 'With -p or -c: their future children too.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'ignore-pid' -d 'Not this process.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'ignore-comm' -d 'Not processes with this name.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" uid' -l 'uid' -d 'Only processes of this user, name or number.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" as' -l 'as' -d 'Run COMMAND as this user, name or number.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'dir' -s 'd' -d 'Only files directly in this directory.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'under' -d 'Only files anywhere below this directory.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" current-mount' -l 'current-mount' -d 'Only the file system of the current directory.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" all' -l 'all' -d 'Virtual file systems and device nodes too.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" f filter' -l 'filter' -s 'f' -d 'Only these types: letters of R C W O + D < > M.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" S syscalls' -s 'S' -l 'syscalls' -d 'A line for every system call instead of merged lines.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" m metadata' -l 'metadata' -s 'm' -d 'Looking without opening too: stat, access, readlink, chmod, ... (with --syscalls).'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" failed x' -s 'x' -l 'failed' -d 'Only calls that failed (with --syscalls).'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" slower' -l 'slower' -d 'Only calls that took at least MS milliseconds (with --syscalls).' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" l long' -l 'long' -s 'l' -d 'Add descriptor, flags, mode, counts, bytes to merged lines.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" j json' -l 'json' -s 'j' -d 'JSON lines.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace"' -l 'timestamp' -s 't' -d 'Add the time; twice: in seconds since the epoch.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" u user' -l 'user' -s 'u' -d 'Add uid and gid.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" o output' -l 'output' -s 'o' -d 'Write to this file, which must not exist.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" color' -l 'color' -d 'Colours: auto, always or never.' -rfka 'auto always never'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" summary' -l 'summary' -d 'At the end, a table of processes: opens, reads, writes, bytes, files.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" summary-only' -l 'summary-only' -d 'The same without the lines before it.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" s seconds' -l 'seconds' -s 's' -d 'Stop after N seconds, such as 0.5.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" count n' -s 'n' -l 'count' -d 'Stop after N lines.' -rfka ''
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" check' -l 'check' -d 'Say what this kernel and this user allow, what is missing, and what to do.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" version' -l 'version' -d 'Show the version.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_positional "bfatrace" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'bfatrace' -n '__bfatrace_should_offer_completions_for_flags_or_options "bfatrace help" version' -l 'version' -d 'Show the version.'

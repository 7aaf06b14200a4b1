# SPDX-License-Identifier: Apache-2.0
# Completions of fatrace for bash; made by `make completions` from completions/bash.in.
#
# Names of processes may hold anything: none of them is ever evaluated.

# Adds the words that begin with what is typed.
_fatrace_offer()
{
	local word
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

# Calls a function with the id and the name of each process of user space.
_fatrace_each_process()
{
	local directory name line
	for directory in /proc/[0-9]*; do
		# Neither threads of the kernel nor zombies have arguments.
		line=
		IFS= read -r -d '' line 2>/dev/null <"$directory/cmdline"
		[[ $line ]] || continue
		# To its end: a name may hold ends of lines.
		name=
		IFS= read -r -d '' name 2>/dev/null <"$directory/comm"
		[[ $name ]] || continue
		"$1" "${directory#/proc/}" "${name%$'\n'}"
	done
}

_fatrace_offer_pid()
{
	[[ $list$1 == "$cur"* ]] || return
	COMPREPLY+=("$list$1")
	names+=("$list$1 (${2//[^[:print:]]/?})")
}

# With names where the ids are only shown.
_fatrace_complete_pid()
{
	local list= names=()
	_fatrace_each_process _fatrace_offer_pid
	# 63, ?: a list of what is possible.
	[[ ${COMP_TYPE-} == 63 && ${#names[@]} -gt 1 ]] && COMPREPLY=("${names[@]}")
}

_fatrace_offer_name()
{
	local name=$2 known
	[[ $name == "$cur"* && $name != *[^[:print:]]* ]] || return
	if [[ ${COMP_WORDS[COMP_CWORD]} != [\'\"]* ]]; then
		printf -v name %q "$name"
	elif [[ $name == *[\'\"\$\`\\!]* ]]; then
		# Behind a quote that is typed already, it could end that, or be evaluated.
		return
	fi
	for known in "${COMPREPLY[@]}"; do
		[[ $known == "$name" ]] && return
	done
	COMPREPLY+=("$name")
}

_fatrace_complete_name()
{
	_fatrace_each_process _fatrace_offer_name
}

_fatrace_complete_dir()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

_fatrace_complete_file()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# One more of the letters.
_fatrace_complete_types()
{
	local letter
	compopt -o nospace 2>/dev/null
	for letter in R C W O + D '<' '>'; do
		[[ ${cur^^} == *"$letter"* ]] && continue
		[[ ${COMP_WORDS[COMP_CWORD]} == [\'\"]* ]] || printf -v letter %q "$letter"
		COMPREPLY+=("$cur$letter")
	done
}

# The value of an option; a number is nobody's to guess.
_fatrace_value()
{
	case $1 in
	-d | --dir)
		_fatrace_complete_dir
		;;
	-p | --ignore-pid)
		_fatrace_complete_pid
		;;
	-C | --command)
		_fatrace_complete_name
		;;
	-f | --filter)
		_fatrace_complete_types
		;;
	-o | --output)
		_fatrace_complete_file
		;;
	-s | --seconds)
		:
		;;
	*)
		return 1
		;;
	esac
	# Also if there is nothing to offer.
	return 0
}

_fatrace()
{
	local cur=$2 option=${COMP_WORDS[COMP_CWORD - 1]} i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			_fatrace_complete_dir
			return
		fi
	done
	# --option=value is three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $option == = ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	# Of several letters, the last one may have a value.
	[[ $option == -[^-]* ]] && option=-${option: -1}
	_fatrace_value "$option" && return
	if [[ $cur == -* ]]; then
		_fatrace_offer -c --current-mount -d --dir -p --ignore-pid -C --command -f --filter -t --timestamp -u --user -e --exe -P --parents -j --json -o --output -s --seconds -h --help --
	else
		_fatrace_complete_dir
	fi
}

complete -F _fatrace fatrace

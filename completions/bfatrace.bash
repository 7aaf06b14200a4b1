# SPDX-License-Identifier: Apache-2.0
# Completions of bfatrace for bash; made by `make completions` from completions/bash.in.
#
# Names of processes may hold anything: none of them is ever evaluated.

# Adds the words that begin with what is typed.
_bfatrace_offer()
{
	local word
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

# Calls a function with the id and the name of each process of user space.
_bfatrace_each_process()
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

_bfatrace_offer_pid()
{
	[[ $list$1 == "$cur"* ]] || return
	COMPREPLY+=("$list$1")
	names+=("$list$1 (${2//[^[:print:]]/?})")
}

# The last of the ids in a list; with names where they are only shown.
_bfatrace_complete_pid()
{
	local list= names=()
	[[ $cur == *,* ]] && list=${cur%,*},
	_bfatrace_each_process _bfatrace_offer_pid
	# 63, ?: a list of what is possible.
	[[ ${COMP_TYPE-} == 63 && ${#names[@]} -gt 1 ]] && COMPREPLY=("${names[@]}")
}

_bfatrace_offer_name()
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

_bfatrace_complete_name()
{
	_bfatrace_each_process _bfatrace_offer_name
}

_bfatrace_complete_user()
{
	local users
	mapfile -t users < <(compgen -u)
	_bfatrace_offer "${users[@]}"
}

_bfatrace_complete_dir()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

_bfatrace_complete_file()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# Sets cgroups to the control groups of all processes.
_bfatrace_cgroups()
{
	local directory line
	cgroups=()
	for directory in /proc/[0-9]*; do
		while IFS= read -r line; do
			[[ $line == 0::* ]] && cgroups+=("${line#0::}")
		done 2>/dev/null <"$directory/cgroup"
	done
}

# Names of components: nothing in them is evaluated.
_bfatrace_offer_once()
{
	local word=$1 known
	[[ $word == *[^[:print:]]* || $word != "$cur"* ]] && return
	[[ ${COMP_WORDS[COMP_CWORD]} == [\'\"]* ]] || printf -v word %q "$word"
	for known in "${COMPREPLY[@]}"; do
		[[ $known == "$word" ]] && return
	done
	COMPREPLY+=("$word")
}

_bfatrace_complete_unit()
{
	local cgroups cgroup name
	_bfatrace_cgroups
	for cgroup in "${cgroups[@]}"; do
		while [[ $cgroup ]]; do
			name=${cgroup##*/}
			[[ $name == ?*.@(service|scope|slice|socket|mount|swap) ]] && _bfatrace_offer_once "${name#_}"
			cgroup=${cgroup%/*}
		done
	done
}

_bfatrace_complete_container()
{
	local cgroups cgroup name id='(^|-)([0-9a-f]{64})(\.scope)?$'
	_bfatrace_cgroups
	for cgroup in "${cgroups[@]}"; do
		while [[ $cgroup ]]; do
			name=${cgroup##*/}
			if [[ $name =~ $id && $name != *conmon-* ]]; then
				_bfatrace_offer_once "${BASH_REMATCH[2]}"
			elif [[ $name == lxc.payload.?* ]]; then
				_bfatrace_offer_once "${name#lxc.payload.}"
			fi
			cgroup=${cgroup%/*}
		done
	done
}

# A directory, or the control group of a process.
_bfatrace_complete_cgroup()
{
	local cgroups cgroup
	_bfatrace_complete_dir
	_bfatrace_cgroups
	for cgroup in "${cgroups[@]}"; do _bfatrace_offer_once "$cgroup"; done
}

_bfatrace_complete_disk()
{
	local disks
	if [[ $cur == */* ]]; then
		_bfatrace_complete_file
	else
		mapfile -t disks < <(cd /sys/block && printf '%s\n' *)
		_bfatrace_offer "${disks[@]}"
	fi
}

# One more of the letters.
_bfatrace_complete_types()
{
	local letter
	compopt -o nospace 2>/dev/null
	for letter in R C W O + D '<' '>' M; do
		[[ ${cur^^} == *"$letter"* ]] && continue
		[[ ${COMP_WORDS[COMP_CWORD]} == [\'\"]* ]] || printf -v letter %q "$letter"
		COMPREPLY+=("$cur$letter")
	done
}

# The value of an option; a number is nobody's to guess.
_bfatrace_value()
{
	case $1 in
	-p | --pid | --ignore-pid)
		_bfatrace_complete_pid
		;;
	-c | --comm | -C | --command | --ignore-comm)
		_bfatrace_complete_name
		;;
	--uid | --as)
		_bfatrace_complete_user
		;;
	--unit)
		_bfatrace_complete_unit
		;;
	--container)
		_bfatrace_complete_container
		;;
	--under-cgroup)
		_bfatrace_complete_cgroup
		;;
	-d | --dir | --under | --ignore-under)
		_bfatrace_complete_dir
		;;
	--file | -o | --output | --record | --replay)
		_bfatrace_complete_file
		;;
	--path | --exclude | --slower | --wakeups | --by | --sort | --rows | --every | --interval | --ring-size | -s | --seconds | -n | --count)
		:
		;;
	-f | --filter)
		_bfatrace_complete_types
		;;
	--device)
		_bfatrace_complete_disk
		;;
	--color)
		_bfatrace_offer auto always never
		;;
	*)
		return 1
		;;
	esac
	# Also if there is nothing to offer.
	return 0
}

# After --: a command, completed as if it stood alone.
_bfatrace_command()
{
	local offset=$1
	if declare -F _command_offset >/dev/null; then
		_command_offset "$offset"
	elif ((COMP_CWORD == offset)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		_bfatrace_complete_file
	fi
}

_bfatrace()
{
	local cur=$2 option=${COMP_WORDS[COMP_CWORD - 1]} i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			_bfatrace_command $((i + 1))
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
	_bfatrace_value "$option" && return
	_bfatrace_offer -p --pid -c --comm -C --command -F --follow --ignore-pid --ignore-comm --uid --unit --container --under-cgroup --as -d --dir --under --file --ignore-under --path --exclude --current-mount --all -f --filter -S --syscalls -m --metadata -x --failed --slower --disk --wakeups --device --histogram --summary --summary-only --by --sort --rows --every --top --changes --inputs -l --long -j --json -t --timestamp --host -u --user -e --exe -P --parents --cgroup --cwd --args -o --output --append --color --record --replay --interval --ring-size -s --seconds -n --count --check --version -h --help --
}

complete -F _bfatrace bfatrace

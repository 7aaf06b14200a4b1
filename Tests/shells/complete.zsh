# SPDX-License-Identifier: Apache-2.0
# zsh -f complete.zsh DIRECTORY LINE: prints what zsh, at a terminal, offers at the end of LINE with
# the completions in DIRECTORY, one per line.
zmodload zsh/zpty || exit 77
offered=$(mktemp)
zpty shell TERM=dumb zsh -f -i
zpty -w shell "PS1=
fpath=(${(q)1} \$fpath)
LISTMAX=100000
autoload -Uz compinit
compinit -u -D
compadd() {
	local -a hits
	builtin compadd -O hits \"\$@\"
	print -rl -- \$hits >>$offered
	builtin compadd \"\$@\"
}
offer() { zle complete-word; print end >>$offered }
zle -N offer
bindkey '^I' offer
print ready >>$offered"
for ((i = 0; i < 3000; i++)); do
	grep -qx ready $offered && break
	sleep 0.01
done
: >$offered
zpty -w -n shell "$2"$'\t'
for ((i = 0; i < 3000; i++)); do
	grep -qx end $offered && break
	sleep 0.01
	zpty -r -t shell output # the shell blocks if its output is not read
done
zpty -d shell
grep -vxe end -e '' $offered
rm -f $offered

# SPDX-License-Identifier: Apache-2.0
# bash --norc complete.bash FILE WORD...: prints what bash offers for the last word with the
# completions in FILE, one per line. As bash passes words, = is a word of its own, and the last
# word comes without a quote before it.
source "$1" || exit
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_POINT=${#COMP_LINE} COMP_TYPE=${COMP_TYPE-9}
current=${!#}
"_$1" "$1" "${current#[\'\"]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"

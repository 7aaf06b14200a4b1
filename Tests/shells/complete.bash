# SPDX-License-Identifier: Apache-2.0
# bash --norc complete.bash FILE WORD...: what bash offers for the last word with the completions in
# FILE; one a line. As in a line of bash, = is a word of its own,
# and what is completed comes without the quote in front.
source "$1" || exit
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_POINT=${#COMP_LINE} COMP_TYPE=${COMP_TYPE-9}
current=${!#}
"_$1" "$1" "${current#[\'\"]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"

# SPDX-License-Identifier: Apache-2.0
# bash --norc complete.bash FILE WORD...: what bash offers for the last word with the completions in
# FILE; one a line. As in a line of bash, = is a word of its own.
source "$1" || exit
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_POINT=${#COMP_LINE} COMP_TYPE=${COMP_TYPE-9}
"_$1" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"

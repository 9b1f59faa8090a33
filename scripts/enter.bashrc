# What the shell of scripts/enter reads: the user's own settings, then what makes it the instance's shell.
# shellcheck shell=bash disable=SC1090
spillway_path=$PATH
if [ -r ~/.bashrc ]; then . ~/.bashrc; fi
case :$PATH: in *":${spillway_path%%:*}:"*) ;; *) PATH=${spillway_path%%:*}:$PATH ;; esac
unset spillway_path
unset PROMPT_COMMAND
PS1="$SPILLWAY_INSTANCE:\\W\\$ "

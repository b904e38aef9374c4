#!/bin/sh
# keepalived calls this at every change of state: TYPE NAME STATE PRIORITY. The last line tells the latest state.
umask 022
printf '[%s] %s %s\n' "$(date -Iseconds)" "$0" "$*" >>"/run/keepalived.$1.$2.state"

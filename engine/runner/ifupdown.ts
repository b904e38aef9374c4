import { sh } from '../base/sh.ts'

/**
 * The bash function `interfaces FILE`: what ifupdown reads from that file on, as interfaces(5) says. It prints `file PATH` for
 * each file, in order, and `source PATTERN` or `directory PATTERN` for what would take more files in.
 */
export const interfacesFunction = sh`
interfaces_read=
interfaces() {
  [ -f "$1" ] && [[ $interfaces_read != *"|$1|"* ]] || return 0
  interfaces_read+="|$1|"
  local folder=\${1%/*} word rest pattern path inner
  local -a patterns
  echo "file $1"
  # A backslash at the end of a line joins it with the next.
  # shellcheck disable=SC2162
  while read word rest || [ -n "$word" ]; do
    case $word in
    source) ;;
    source-directory | source-dir) word=directory ;;
    *) continue ;;
    esac
    read -ra patterns <<<"\${rest//[\"\']/}"
    for pattern in "\${patterns[@]}"; do
      [[ $pattern == /* ]] || pattern=$folder/$pattern
      echo "$word $pattern"
      while IFS= read -r path; do
        if [ "$word" = source ]; then
          interfaces "$path"
          continue
        fi
        for inner in "\${path%/}"/*; do
          if [[ \${inner##*/} =~ ^[A-Za-z0-9_-]+$ ]]; then interfaces "$inner"; fi
        done
      done < <(compgen -G "$pattern")
    done
  done <"$1"
}`

/** Sets `files` to the files that ifupdown reads. */
export const interfaceFiles = sh`
${interfacesFunction}
files=()
if [ -e /etc/network/interfaces ]; then
  while read -r word path; do [ "$word" != file ] || files+=("$path"); done < <(interfaces /etc/network/interfaces)
fi`

"""The shell texts of the program that runs a job's steps; `core.engine.script` says what they do together.

They are POSIX `sh` without other programs than `sleep`, and `wc` where it is there (a shell reads a file byte by byte,
which takes minutes for a huge one): what they need, shells have built in. Names begin with ``orca_`` to stay out of the
way of the steps, which run in the same shell as `JOB`.
"""

from __future__ import annotations

from typing import Final

MAIN: Final = """\
orca_token=@token@ orca_good=@good@ orca_count=@count@ orca_last=@last@ orca_grace=@grace@
orca_from=0 orca_state=s orca_stop= orca_code=0 orca_timer=
orca_note() { { IFS=' ' read -r orca_t orca_r < /proc/uptime; echo "$1 $orca_t" >> /orcaops/steps; } 2> /dev/null; }
orca_write() { { echo "$1" >> /orcaops/steps; } 2> /dev/null; }
orca_use() { [ -r "$2" ] && read -r orca_v < "$2" && orca_write "u $1 $orca_v"; }
orca_hear() {
  trap '' TERM @signal@
  orca_note t
  kill -@signal@ 0
  orca_why= orca_left=
  { IFS=' ' read -r orca_why orca_left orca_r < /orcaops/stop; } 2> /dev/null
  orca_stop=t
  [ "$orca_why" = cancel ] && orca_stop=c
  case $orca_left in '' | *[!0-9]*) orca_left=$orca_grace ;; esac
  trap : TERM @signal@
  if [ "$orca_last" -ge 0 ]; then
    trap 'kill -s KILL -- -1' USR1
    { sleep "$orca_left" && kill -s USR1 $$; } 2> /dev/null &
    orca_timer=$!
  fi
}
trap orca_hear TERM
orca_note s
while :; do
  orca_was=$orca_stop
  { echo "g $orca_from" > /orcaops/at; } 2> /dev/null
  sh /orcaops/job "$orca_from" "${orca_stop:-$orca_state}" &
  orca_p=$!
  wait "$orca_p"
  orca_c=$?
  while [ -d "/proc/$orca_p" ]; do
    wait "$orca_p"
    orca_d=$?
    [ "$orca_d" = 127 ] && break
    orca_c=$orca_d
  done
  wait "$orca_p" 2> /dev/null
  orca_d=$?
  [ "$orca_d" = 127 ] || orca_c=$orca_d
  if [ -n "$orca_timer" ]; then
    kill "$orca_timer" 2> /dev/null
    orca_timer=
  fi
  orca_w= orca_n=
  { IFS=' ' read -r orca_w orca_n orca_r < /orcaops/at; } 2> /dev/null
  case $orca_n in '' | *[!0-9]* | ????* | 0?*) orca_w=x orca_n=0 ;; esac
  [ "$orca_n" -ge "$orca_from" ] || orca_w=x
  if [ "$orca_w" = b ]; then
    orca_note "e $orca_n $orca_c"
    printf '\\036%s %s\\n' "$orca_token" "e $orca_n $orca_c $orca_t"
    printf '\\036%s %s\\n' "$orca_token" "e $orca_n $orca_c $orca_t" >&2
  fi
  if [ "$orca_state" != f ]; then
    case ${orca_stop:-n}$orca_good in
      n*",$orca_c,"*)
        [ "$orca_c" = 0 ] || orca_code=$orca_c
        case $orca_w in
          b | e) [ $((orca_n + 1)) -lt "$orca_count" ] && orca_write "q $orca_n" ;;
        esac
        orca_state=o ;;
      *) orca_code=$orca_c orca_state=f ;;
    esac
  fi
  case $orca_w in
    b | e) orca_from=$((orca_n + 1)) ;;
    g)
      [ "$orca_stop" = "$orca_was" ] && break
      orca_from=$orca_n ;;
    *) break ;;
  esac
  [ "$orca_from" -le "$orca_last" ] || break
done
trap '' TERM
orca_write "x $orca_code"
orca_use memory /sys/fs/cgroup/memory/memory.max_usage_in_bytes
orca_use memory /sys/fs/cgroup/memory.peak
orca_use cpu_ns /sys/fs/cgroup/cpuacct/cpuacct.usage
if [ -r /sys/fs/cgroup/cpu.stat ]; then
  while read -r orca_k orca_v; do
    [ "$orca_k" = usage_usec ] && orca_write "u cpu_us $orca_v"
  done < /sys/fs/cgroup/cpu.stat
fi
if [ -r /proc/net/dev ]; then
  while read -r orca_k orca_rx orca_2 orca_3 orca_4 orca_5 orca_6 orca_7 orca_8 orca_tx orca_r; do
    case $orca_k in lo:) ;; *:) orca_write "u rx $orca_rx"; orca_write "u tx $orca_tx" ;; esac
  done < /proc/net/dev
fi
exit "$orca_code"
"""

JOB: Final = """\
orca_token=@token@ orca_good=@good@ orca_most=@most@
orca_from=$1 orca_state=$2 orca_first=0 orca_open= orca_own= orca_path=$PATH
orca_cr='\r'
orca_nl='
'
exec 6>&1 7>&2
orca_tell() { printf '\\036%s %s\\n' "$orca_token" "$1" >&6; printf '\\036%s %s\\n' "$orca_token" "$1" >&7; }
orca_write() { echo "$1" >> /orcaops/steps || :; }
orca_at() { echo "$1" > /orcaops/at || :; }
orca_now() { IFS=' ' read -r orca_t orca_r < /proc/uptime; }
orca_among() { case $1 in all | *",$2,"*) ;; *) return 1 ;; esac; }
orca_wait() { PATH=$orca_path sleep "$1" || PATH=$orca_path sleep 1 || :; }
orca_begin() {
  orca_now
  orca_open=$1
  orca_i=$(($1 + 1))
  export ORCAOPS_OUTPUT="/orcaops/output-$orca_i" GITHUB_OUTPUT="/orcaops/output-$orca_i"
  export ORCAOPS_ENV="/orcaops/env-$orca_i" GITHUB_ENV="/orcaops/env-$orca_i"
  export ORCAOPS_PATH="/orcaops/path-$orca_i" GITHUB_PATH="/orcaops/path-$orca_i"
  export ORCAOPS_STEP_SUMMARY="/orcaops/summary-$orca_i" GITHUB_STEP_SUMMARY="/orcaops/summary-$orca_i"
  orca_at "b $1"
  orca_write "b $1 $orca_t"
  orca_tell "b $1 $orca_t"
}
orca_end() {
  orca_now
  orca_write "e $orca_open $1 $orca_t"
  orca_at "e $orca_open"
  orca_tell "e $orca_open $1 $orca_t"
  orca_open=
}
orca_set() {
  case $orca_name in '' | [!A-Za-z_]* | *[!A-Za-z0-9_-]*) return 1 ;; esac
  [ "$1" = env ] || return 0
  case $orca_name in *-* | ORCAOPS_* | GITHUB_* | orca_*) return 1 ;; esac
  [ "${#orca_v}" -lt 131072 ] || return 1
  export "$orca_name=$orca_v"
}
orca_pairs() {
  orca_line=0 orca_size=0 orca_d= orca_line_of=0
  orca_b=$(PATH=$orca_path wc -c < "/orcaops/$1-$2") || orca_b=0
  [ "$((orca_b))" -le "$orca_most" ] || return 1
  while IFS= read -r orca_l || [ -n "$orca_l" ]; do
    orca_line=$((orca_line + 1)) orca_size=$((orca_size + ${#orca_l} + 1))
    [ "$orca_size" -le "$orca_most" ] || return 1
    orca_l=${orca_l%"$orca_cr"}
    if [ -n "$orca_d" ]; then
      if [ "x$orca_l" = "x$orca_d" ]; then
        orca_d=
        orca_set "$1" || return 1
      elif [ "$1" = env ]; then
        orca_v=$orca_v${orca_more:+$orca_nl}$orca_l orca_more=1
        [ "${#orca_v}" -lt 131072 ] || return 1
      fi
      continue
    fi
    case $orca_l in '') continue ;; *=* | *'<<'*) ;; *) return 1 ;; esac
    orca_name=${orca_l%%=*} orca_h=${orca_l%%'<<'*}
    if [ "${#orca_h}" -lt "${#orca_name}" ]; then
      orca_name=$orca_h orca_d=${orca_l#*'<<'} orca_v= orca_more= orca_line_of=$orca_line
      [ -n "$orca_d" ] || return 1
    else
      orca_v=${orca_l#*=}
      orca_set "$1" || return 1
    fi
  done < "/orcaops/$1-$2"
  orca_line=$orca_line_of
  [ -z "$orca_d" ]
}
orca_paths() {
  while IFS= read -r orca_l || [ -n "$orca_l" ]; do
    orca_l=${orca_l%"$orca_cr"}
    [ -z "$orca_l" ] || export PATH="$orca_l:$PATH"
  done < "/orcaops/path-$1"
}
orca_take() {
  if [ -f "/orcaops/$2-$3" ] && [ -s "/orcaops/$2-$3" ] && ! orca_pairs "$2" "$3"; then
    [ "$4" = quiet ] || orca_write "f $1 $2 $orca_line"
    return 1
  fi
}
orca_collect() {
  orca_i=$(($1 + 1))
  orca_take "$1" output "$orca_i" "$2" || return 1
  orca_take "$1" env "$orca_i" "$2" || return 1
  if [ -f "/orcaops/path-$orca_i" ] && [ -s "/orcaops/path-$orca_i" ]; then orca_paths "$orca_i"; fi
}
orca_ask() {
  orca_now
  orca_at "g $1"
  orca_write "a $1 $orca_state $orca_t"
  orca_tell "a $1 $orca_state $orca_t"
  orca_i=0
  until IFS=' ' read -r orca_g < "/orcaops/go-$(($1 + 1))$orca_state"; do
    orca_i=$((orca_i + 1))
    if [ "$orca_i" -lt 20 ]; then orca_wait 0.05; elif [ "$orca_i" -lt 200 ]; then orca_wait 0.2; else orca_wait 1; fi
  done
  case $orca_g in
    run) return 0 ;;
    fault)
      orca_begin "$1"
      orca_write "f $1 expression 0"
      orca_end 1
      orca_count 1 ;;
  esac
  return 1
}
orca_next() {
  [ "$1" -ge "$orca_from" ] || return 1
  case $2$orca_state in
    g?) orca_ask "$1" || return 1 ;;
    ss | a? | ff | ft) ;;
    *) return 1 ;;
  esac
  orca_begin "$1"
}
orca_done() {
  orca_collect "$orca_open" loud || exit 1
  orca_end 0
}
orca_count() {
  case $orca_state in f | c | t) return 0 ;; esac
  if ! orca_among "$orca_good" "$1"; then
    orca_first=$1 orca_state=f
  elif [ "$orca_state" = s ]; then
    orca_first=$1 orca_state=o
    orca_write "q $orca_n"
  fi
}
orca_run() {
  orca_n=$1 orca_spared=$2 orca_again=$3
  shift 3
  while :; do
    orca_c=0 orca_own=1
    sh "/orcaops/run-$((orca_n + 1))" 2>&8 8>&- || orca_c=$?
    orca_own=
    if [ "$orca_c" -ne 0 ]; then
      orca_collect "$orca_n" quiet || :
    else
      orca_collect "$orca_n" loud || orca_c=1
    fi
    [ "$orca_c" -ne 0 ] && [ "$#" -gt 0 ] && orca_among "$orca_again" "$orca_c" || break
    orca_now
    orca_write "r $orca_n $orca_c $orca_t"
    orca_wait "$1"
    shift
    for orca_l in output env path summary; do : > "/orcaops/$orca_l-$((orca_n + 1))" || :; done
  done
  orca_end "$orca_c"
  [ "$orca_c" -eq 0 ] || orca_among "$orca_spared" "$orca_c" || orca_count "$orca_c"
}
trap '{
  orca_c=$?
  [ -z "$orca_open" ] || orca_end "$orca_c"
  [ "$orca_first" -eq 0 ] || orca_c=$orca_first
  exit "$orca_c"
} 2> /dev/null' EXIT
trap 'orca_c=$?; [ -n "$orca_own" ] || orca_c=143; exit "$orca_c"' TERM @signal@
{
  orca_k=0
  while [ "$orca_k" -lt "$orca_from" ]; do
    orca_collect "$orca_k" quiet || :
    orca_k=$((orca_k + 1))
  done
} 2> /dev/null
set -e
"""

END: Final = """\
{ orca_at x; exit "$orca_first"; } 2> /dev/null
"""

SHARED: Final = """\
if { orca_next @index@ @when@; } 2> /dev/null; then
. /orcaops/step-@number@
{ orca_done; } 2> /dev/null
fi
"""

OWN: Final = """\
if { orca_next @index@ @when@; } 2> /dev/null; then
{ orca_run @index@ @spared@ @again@@delays@; } 8>&2 2> /dev/null
fi
"""

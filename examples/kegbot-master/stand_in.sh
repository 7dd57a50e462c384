#!/bin/sh
# Stands for any of Kegbot's programs: understands --daemon, --pidfile and --logfile, and does nothing until SIGTERM.
daemon= pidfile= logfile=/dev/null lifetime=1000000
for word in "$@"; do
  case "$word" in
    --daemon=[Tt1]*) daemon=yes ;;
    --pidfile=*) pidfile=${word#*=} ;;
    --logfile=*) logfile=${word#*=} ;;
    --lifetime=*) lifetime=${word#*=} ;;
  esac
done

say() { echo "$(date '+%F %T'),000 INFO     (main) $1" >> "$logfile"; }

serve() {
  if [ -n "$pidfile" ]; then
    if [ -e "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null; then
      say "Old pid $(cat "$pidfile") is still alive, aborting"
      exit 1
    fi
    echo "$1" > "$pidfile"
  fi
  say "Running generic main loop (going to sleep)."
  sleep "$lifetime" &
  trap 'say "Got signal 15"; kill $! ; rm -f "$pidfile"; exit 0' TERM
  wait $!
  say "Exiting main loop"
  rm -f "$pidfile"
}

if [ -n "$daemon" ]; then
  ( serve "$(exec sh -c 'echo $PPID')" ) </dev/null >/dev/null 2>&1 &
else
  echo "in the foreground: $0 $*"
  serve $$
fi

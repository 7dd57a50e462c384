#!/bin/sh
# A user manager with a memory: it writes down what it is asked, keeps the state of each unit in a file, and on `start` and
# `stop` does what the unit file says.
S="$SYSTEMCTL_STATE"
echo "$*" >> "$S/calls"
[ "$1" = --user ] && shift
unit="$2"
value() { sed -n "s/^$1=//p" "$HOME/.config/systemd/user/$unit"; }
case "$1" in
daemon-reload) ;;
enable) touch "$S/$unit.enabled"; echo "Created symlink $unit." >&2 ;;
disable) rm -f "$S/$unit.enabled"; echo "Removed \"$unit\"." >&2 ;;
is-enabled) if [ -e "$S/$unit.enabled" ]; then echo enabled; else echo disabled; exit 1; fi ;;
is-active) cat "$S/$unit" 2>/dev/null || echo inactive; [ "$(cat "$S/$unit" 2>/dev/null)" = active ] ;;
start)
    if [ -e "$S/$unit.broken" ]; then
        echo failed > "$S/$unit"
        echo "Job for $unit failed." >&2
        exit 1
    fi
    if [ "$(value Type)" = forking ]; then
        $(value ExecStart) < /dev/null >> "$S/$unit.out" 2>&1 || { echo failed > "$S/$unit"; exit 1; }
    else
        eval "exec setsid $(value ExecStart)" < /dev/null >> "$S/$unit.out" 2>&1 &
        echo $! > "$S/$unit.pid"
    fi
    echo active > "$S/$unit"
    ;;
stop)
    stop=$(value ExecStop)
    [ -z "$stop" ] || $stop < /dev/null >> "$S/$unit.out" 2>&1
    if [ -e "$S/$unit.pid" ]; then
        pid=$(cat "$S/$unit.pid")
        kill "$pid" 2>/dev/null
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
        rm "$S/$unit.pid"
    fi
    echo inactive > "$S/$unit"
    ;;
esac

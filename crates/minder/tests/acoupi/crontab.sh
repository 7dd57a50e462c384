#!/bin/sh
# The user's table, in a file.
case "$1" in
-l) cat "$SYSTEMCTL_STATE/table" 2>/dev/null || { echo "no crontab for ann" >&2; exit 1; } ;;
-) cat > "$SYSTEMCTL_STATE/table" ;;
esac

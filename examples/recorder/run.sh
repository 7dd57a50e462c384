#!/bin/sh
# Records for half a minute with a simulated microphone, and draws what was heard. All of it is in ./state afterwards.
set -eu
cd "$(dirname "$0")"
MINDER=${MINDER:-$(command -v minder || echo "$PWD/../../target/debug/minder")}
export MINDER
SECONDS_OF_SOUND=${1:-30}
mkdir -p state/tmp state/storages/recordings
"$MINDER" run --daemon minder.toml
trap '"$MINDER" stop -c minder.toml all >/dev/null 2>&1 || true; kill "$(cat state/minder.pid)" 2>/dev/null || true' EXIT INT TERM
sleep "$SECONDS_OF_SOUND"
"$MINDER" task list -c minder.toml
"$MINDER" task run -c minder.toml file_management_task >/dev/null
WAV=$(find state/storages/recordings -name '*.wav' | sort | tail -n 1)
"$MINDER" recorder spectrogram "$WAV" --detect birds -o state/spectrogram.png
echo "recordings: $(find state/storages/recordings -name '*.wav' | wc -l), database: state/storages/metadata.db"

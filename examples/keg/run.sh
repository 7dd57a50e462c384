#!/bin/sh
# A keg fridge, its daemons, a server and its pages, all simulated, until Ctrl-C. What is kept is in ./state.
set -eu
cd "$(dirname "$0")"
MINDER=${MINDER:-$(command -v minder || echo "$PWD/../../target/debug/minder")}
# minder.toml names kegbot alone, so that it has to be found.
command -v kegbot >/dev/null || PATH=$PWD/../../target/debug:$PATH
export PATH
mkdir -p state
echo "the pages: http://127.0.0.1:8000/"
exec "$MINDER" run minder.toml

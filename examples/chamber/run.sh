#!/bin/sh
# A chamber, its controller and its script, all simulated, until Ctrl-C. Data points and logs are in ./state.
set -eu
cd "$(dirname "$0")"
BREWPI=${BREWPI:-$(command -v brewpi || echo ../../target/debug/brewpi)}
MINDER=${MINDER:-$(command -v minder || echo ../../target/debug/minder)}
BREWPI_HOME=${BREWPI_HOME:-$PWD/state}
export BREWPI BREWPI_HOME
mkdir -p "$BREWPI_HOME"
if ! "$BREWPI" --dblist | grep -q ': cellar$'; then
    "$BREWPI" device add cellar --serial "$BREWPI_HOME/run/board" --interval 5
    "$BREWPI" profile add ale 0h=18 3d=18 5d=20 10d=20 14d=12
fi
"$BREWPI" ferment --plot "$BREWPI_HOME/fermentation.svg"
echo "the picture: $BREWPI_HOME/fermentation.svg"
exec "$MINDER" run circus.ini

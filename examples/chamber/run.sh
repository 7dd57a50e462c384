#!/bin/sh
# A chamber, its controller, its script and the pages, all simulated, until Ctrl-C. Data points and logs are in ./state.
set -eu
cd "$(dirname "$0")"
BREWPI=${BREWPI:-$(command -v brewpi || echo ../../target/debug/brewpi)}
MINDER=${MINDER:-$(command -v minder || echo ../../target/debug/minder)}
BREWPI_HOME=${BREWPI_HOME:-$PWD/state}
BREWPI_WEB=${BREWPI_WEB:-127.0.0.1:8080}
# A simulated board does not start anew when somebody connects.
BREWPI_SETTLE=${BREWPI_SETTLE:-1}
export BREWPI BREWPI_HOME BREWPI_WEB BREWPI_SETTLE
mkdir -p "$BREWPI_HOME"
if ! "$BREWPI" --dblist | grep -q ': cellar$'; then
    "$BREWPI" device add cellar --serial "$BREWPI_HOME/run/board" --interval 5
    "$BREWPI" profile add ale 0h=18 3d=18 5d=20 10d=20 14d=12
fi
"$BREWPI" ferment --plot "$BREWPI_HOME/fermentation.svg"
echo "the picture: $BREWPI_HOME/fermentation.svg"
echo "the pages:   http://$BREWPI_WEB/"
exec "$MINDER" run circus.ini

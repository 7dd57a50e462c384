# The stand-in for a controller script: numbered lines on both outputs, as many as its file says, then nothing. Its count goes
# on where the one before it stopped, so that a line that is lost between two of them shows.
#
#     sh controller.sh --dbcfg NAME

name=$CONTROLLERS/$2
last=$(cat "$name.count" 2> /dev/null || echo 0)
lines=$(cat "$name.lines" 2> /dev/null || echo 20)
first=$((last + 1))
last=$((last + lines))
seq -f '%012.0f temperature of beer and chamber 20.12 18.94' $first $last &
seq -f '%012.0f information' $first $last >&2
wait
echo $last > "$name.count.new"
mv "$name.count.new" "$name.count"
exec sleep 100000

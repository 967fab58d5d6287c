#!/bin/sh
# Cuts a link of this machine for a while.
#
#   link.sh save FOLDER DEVICE             note the addresses and routes
#   link.sh restore-in FOLDER DEVICE S     wait, and bring the link back
#   link.sh cut FOLDER DEVICE              wait a moment, and cut it
#   link.sh restore FOLDER                 bring it back now
#
# restore-in runs before cut does, each detached from who started it, whose
# connection dies with the link.
set -u
what=$1
folder=$2
device=${3:-}
PATH=$PATH:/usr/sbin:/sbin

# The device, and those on top of it (VLANs, bridges, bonds), lowest first.
devices() {
    echo "$1"
    for link in /sys/class/net/*/"lower_$1"; do
        if [ -e "$link" ]; then
            link=${link%/*}
            devices "${link##*/}"
        fi
    done
}

# The routing tables of a device, but the kernel's own.
tables() {
    echo main
    ip "$1" -o route show table all dev "$2" |
        sed -n 's/.* table \([^ ]*\).*/\1/p' | sort -u | grep -vx local
}

save() {
    set -e
    if [ -z "$(ip -o link show dev "$device" up)" ]; then
        echo "$device is down already" >&2
        exit 1
    fi
    devices "$device" | awk '!seen[$0]++' >"$folder/devices"
    while read -r one; do
        for family in -4 -6; do
            ip "$family" addr save dev "$one" >"$folder/$one$family.addr"
            tables "$family" "$one" | while read -r table; do
                ip "$family" route save table "$table" dev "$one" \
                    >"$folder/$one$family.$table.route" || true
            done
        done
    done <"$folder/devices"
}

restore() {
    if [ -e "$folder/restored" ]; then
        return
    fi
    device=$(head -n 1 "$folder/devices")
    ip link set dev "$device" up
    # Routes may lead through what another device restores: twice.
    for _round in 1 2; do
        while read -r one; do
            for saved in "$folder/$one"-?.addr; do
                ip addr restore <"$saved"
            done
            for saved in "$folder/$one"-?.*.route; do
                ip route restore <"$saved"
            done
        done <"$folder/devices"
    done
    date +%s.%N >"$folder/restored.new"
    mv "$folder/restored.new" "$folder/restored"
}

detach() {
    # Who waits for the end of our output would wait for ours.
    exec </dev/null >>"$folder/log" 2>&1
}

case $what in
save) save ;;
restore)
    # A cut that is on its way would come after us.
    round=0
    while [ -e "$folder/armed" ] && [ ! -e "$folder/cut" ] &&
        [ "$round" -lt 100 ]; do
        sleep 0.1
        round=$((round + 1))
    done
    : >"$folder/off"
    restore 2>>"$folder/log"
    ;;
restore-in)
    detach
    echo $$ >"$folder/armed"
    sleep "$4"
    # Another failure may have come, and has a folder of its own.
    if [ -d "$folder" ]; then
        restore
    fi
    ;;
cut)
    detach
    # Time for the answer to get out.
    sleep 0.5
    if [ ! -d "$folder" ] || [ -e "$folder/off" ]; then
        exit
    fi
    before=$(date +%s.%N)
    ip link set dev "$device" down
    echo "$before $(date +%s.%N)" >"$folder/cut.new"
    mv "$folder/cut.new" "$folder/cut"
    ;;
esac

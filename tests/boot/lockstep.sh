#!/bin/sh
# Both engines over the beginning of a real guest: lockstep.sh VESTIGE freedos|debian
# Images come from $VESTIGE_IMAGES or ../shared/images; the Debian netboot kernel from
# $VESTIGE_NETBOOT or where Debian's debian-installer-12-netboot-i386 package puts it.
# Exit status 77: the guest is not here.
set -eu
vestige=$1
images=${VESTIGE_IMAGES:-../shared/images}
netboot=${VESTIGE_NETBOOT:-/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386}

need() {
    if [ ! -r "$1" ]; then
        echo "skipped: no $1"
        exit 77
    fi
}

case $2 in
freedos)
    need "$images/freedos.img"
    exec "$vestige" lockstep "$images/freedos.img" --for 60e6
    ;;
debian)
    need "$netboot/linux"
    need "$netboot/initrd.gz"
    exec "$vestige" lockstep --kernel "$netboot/linux" --initrd "$netboot/initrd.gz" \
        --append "console=ttyS0" --memory 256M --for 200e6
    ;;
*)
    echo "usage: lockstep.sh VESTIGE freedos|debian" >&2
    exit 2
    ;;
esac

#!/bin/bash
# make-initramfs.sh OUT [MODULES-FOLDER MODULE...]: a small i386 initramfs (cpio, gzip) around
# Debian's busybox.
#
# The programs and their C library come from the initrd of Debian's package
# debian-installer-12-netboot-i386, so neither a network nor root is needed.  Same input, same
# bytes: times and owners are fixed, names sorted.  Kernel modules from the folder (searched by
# name, NAME.ko) are loaded in the order given, after those that they need.
#
# /init says "initramfs: ready" and runs a shell with the prompt `vestige# ` on tty1 and on ttyS0.
set -euo pipefail
export LC_ALL=C

out=$1
modules=${2:-}
shift $(($# < 2 ? $# : 2))
netboot=${VESTIGE_NETBOOT:-/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/installer" "$work/root"

# add_module NAME: copies it and what it needs, once, and has /init load it.
add_module()
{
    local file needed name=${1//_/-}
    [[ ! -e lib/modules/$name.ko ]] || return 0
    file=$(find "$modules" \( -name "$name.ko" -o -name "${name//-/_}.ko" \) -print -quit)
    [[ $file ]] || { echo "no module $1 in $modules" >&2; exit 1; }
    needed=$(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr ',' ' ')
    for needed in $needed; do
        add_module "$needed"
    done
    cp "$file" "lib/modules/$name.ko"
    echo "insmod /lib/modules/$name.ko" >>etc/modules.sh
}

# Device nodes need root and are not wanted: errors of cpio are not errors here.
(cd "$work/installer" && gzip -dc "$netboot/initrd.gz" |
    cpio -idm --quiet --no-preserve-owner 'bin/*' 'sbin/*' 'usr/bin/*' 'usr/sbin/*' 'lib/*.so*' \
        'lib/i386-linux-gnu/*.so*' 2>/dev/null) || true
from=$work/installer
(
    cd "$work/root"
    mkdir -p bin sbin usr/bin usr/sbin lib/i386-linux-gnu lib/modules dev proc sys tmp etc mnt
    libraries=(ld-linux.so.2 libc.so.6 libm.so.6 libresolv.so.2)
    cp "$from/bin/busybox" bin/
    (cd "$from" && find bin sbin usr/bin usr/sbin -lname '*busybox') | while read -r applet; do
        ln -sf /bin/busybox "$applet"
    done
    if [[ $modules ]]; then
        cp "$from/bin/kmod" bin/
        ln -sf /bin/kmod sbin/insmod
    fi
    for module in "$@"; do
        add_module "$module"
    done
    cp -P "$from/lib/ld-linux.so.2" lib/
    for library in "${libraries[@]}"; do
        find "$from/lib" "$from/usr/lib" -name "$library" -type f -exec cp {} lib/i386-linux-gnu/ \; \
            2>/dev/null || true
    done

    cat >init <<'INIT'
#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/ PS1='vestige# '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
[ ! -r /etc/modules.sh ] || . /etc/modules.sh
shells() {
    echo "initramfs: ready"
    while :; do
        sh
    done
}
shells <>/dev/tty1 >&0 2>&1 &
[ ! -c /dev/ttyS0 ] || shells <>/dev/ttyS0 >&0 2>&1 &
while :; do
    wait
    sleep 1
done
INIT
    chmod 755 init
    find . -exec touch -hd @1704067200 {} +
    find . -mindepth 1 | sort | cpio -o -H newc --quiet --owner 0:0 --reproducible
) | gzip -1n >"$work/out"
mv "$work/out" "$out"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds what QEMU boots for the exchanges with Linux: Debian's kernel, and an initial file system
# of BlueZ, D-Bus and BusyBox from the installed packages. Prints the folder that holds both.
#
#     tests/interop/image.sh CACHE
#
# The folder lies in CACHE. It is built anew when the kernel's version, a program's or library's
# content, or one of the files here has changed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf 'image.sh: %s\n' "$*" >&2
    exit 1
}

programs=(/usr/libexec/bluetooth/bluetoothd /usr/bin/bluetoothctl /usr/bin/btattach
    /usr/bin/dbus-daemon /bin/busybox)
# The controller's line, and the algorithms that the kernel's and bluetoothd's security ask for.
modules=(virtio_pci virtio_console hci_uart
    algif_hash algif_skcipher aes_generic ecb cmac ecdh_generic hmac sha256_generic sha512_generic
    ctr drbg)

# ---- the kernel: the package that linux-image-amd64 stands for, unpacked, not installed

# Prints NAME=VERSION of the kernel's package as apt-get knows it; nothing where it knows none.
newest_kernel() {
    local name version
    name=$(apt-cache depends linux-image-amd64 2>/dev/null |
        awk '$1 == "Depends:" { print $2; exit }')
    version=$(apt-cache show "$name" 2>/dev/null | awk '$1 == "Version:" { print $2; exit }')
    [[ -z $version ]] || echo "$name=$version"
}

# unpack_package PACKAGE FOLDER
unpack_package() {
    local package=$1 folder=$2
    say "Downloading $package (it is not installed)"
    (cd "$folder" && apt-get -qq download "$package" 2>&1) | grep -v unsandboxed >&2 || true
    [[ -n $(find "$folder" -name '*.deb') ]] || return 1
    # Not all of it: these folders hold the modules above and what those need.
    dpkg-deb --fsys-tarfile "$folder"/*.deb | tar x -C "$folder" --wildcards './boot/vmlinuz-*' \
        './lib/modules/*/modules.*' './lib/modules/*/kernel/'{crypto,lib,net/bluetooth,net/rfkill} \
        './lib/modules/*/kernel/'{arch/x86/crypto,drivers/bluetooth,drivers/char,drivers/virtio}
    rm "$folder"/*.deb
}

# Prints the folder with the unpacked kernel. Where the newest is not to be had, an older one does.
kernel() {
    local package folder
    package=$(newest_kernel)
    folder=$cache/$package
    if [[ -n $package && ! -d $folder ]]; then
        rm -rf "$folder.part"
        mkdir -p "$folder.part"
        unpack_package "$package" "$folder.part" && mv "$folder.part" "$folder"
    fi
    if [[ -z $package || ! -d $folder ]]; then
        folder=$(find "$cache" -maxdepth 1 -name 'linux-image-*' -not -name '*.part' | sort -V |
            tail -n 1)
        [[ -n $folder ]] || die "no kernel to be had as package; perhaps after: apt-get update"
    fi
    echo "$folder"
}

# ---- the initial file system

# The programs and the libraries that they are linked with.
files() {
    local program
    for program in "${programs[@]}"; do
        echo "$program"
        ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true # busybox may need none
    done | sort -u
}

# Debian has moved it.
bus_policy() {
    find /etc/dbus-1/system.d /usr/share/dbus-1/system.d -name bluetooth.conf | head -n 1
}

# copy_modules ROOT KERNEL: the modules and those that they need.
copy_modules() {
    local root=$1 kernel=$2 release module file
    release=$(ls "$kernel/lib/modules")
    # depmod warns about the modules that were not unpacked.
    depmod -b "$kernel" "$release" 2>/dev/null
    for module in "${modules[@]}"; do
        modprobe -d "$kernel" -S "$release" --show-depends "$module" |
            awk '$1 == "insmod" { print $2 }'
    done | sort -u | while IFS= read -r file; do
        install -D -m 644 "$file" "$root${file#"$kernel"}"
    done
    cp "$kernel/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} \
        "$root/lib/modules/$release/"
    depmod -b "$root" "$release"
    printf '%s\n' "${modules[@]}" >"$root/etc/modules"
}

file_system() {
    local root=$1 kernel=$2 file
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,root,etc/dbus-1/system.d,usr/share/dbus-1} \
        "$root"/var/lib/bluetooth
    ln -s /run "$root/var/run"
    for file in $(files); do
        install -D "$file" "$root$file"
    done
    for file in $(busybox --list); do
        [[ $file == busybox ]] || ln -s busybox "$root/bin/$file"
    done
    ln -s ../bin/busybox "$root/sbin/modprobe" # where the kernel looks
    copy_modules "$root" "$kernel"
    cp /usr/share/dbus-1/system.conf "$root/usr/share/dbus-1/"
    cp "$(bus_policy)" "$root/etc/dbus-1/system.d/"
    cp -R "$here/guest/." "$root/"
}

# ---- all of it, unless it is there

[[ $(dpkg --print-architecture) == amd64 ]] || die "the guests are made of packages for amd64"
PATH=$PATH:/usr/sbin:/sbin
kernel=$(kernel)
key=$({
    basename "$kernel"
    files | xargs sha256sum
    find "$here/guest" "$here"/{image.sh,unpack_kernel.py} -type f | sort | xargs sha256sum
} | sha256sum | cut -c 1-16)
image=$cache/image-$key
if [[ ! -d $image ]]; then
    say "Building the guests' file system"
    work=$image.part
    rm -rf "$cache"/image-*
    mkdir -p "$work/root"
    file_system "$work/root" "$kernel"
    (cd "$work/root" && find . | sort | cpio -o -H newc --quiet --owner 0:0) | gzip -1 \
        >"$work/initrd.gz"
    rm -rf "$work/root"
    python3 "$here/unpack_kernel.py" "$kernel"/boot/vmlinuz-* "$work/vmlinux"
    mv "$work" "$image"
fi
echo "$image"

#!/bin/sh
# Installs the packages of the named sets (dist/packages.tsv) that are missing, with sudo for that alone; installs nothing when
# all are there. Exit 1 when something of the set `build` is missing still; for other sets it says what goes without.
set -u
list=$(dirname "$0")/packages.tsv
tab=$(printf '\t')

# What a row's second column means.
present() {
        case $1 in
        cmd) command -v "$2" >/dev/null 2>&1 || [ -x "/usr/sbin/$2" ] ;;
        lib) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$2" ;;
        file) [ -e "$2" ] ;;
        pg) ls "/usr/lib/postgresql/"*"/bin/$2" >/dev/null 2>&1 || command -v "$2" >/dev/null 2>&1 ;;
        clangrt) ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 ;;
        esac
}

# Prints the rows of the wanted sets that are missing.
missing() {
        for set in "$@"; do
                grep "^$set$tab" "$list" | while IFS="$tab" read -r _ test package why; do
                        # shellcheck disable=SC2086
                        present $test || printf '%s\t%s\t%s\n' "$set" "$package" "$why"
                done
        done
}

# Of alternatives, the first that the archive knows, else the first.
choose() {
        for p in $(echo "$1" | tr '|' ' '); do
                if apt-cache show "$p" >/dev/null 2>&1; then
                        echo "$p"
                        return
                fi
        done
        echo "${1%%|*}"
}

rows=$(missing "$@")
[ -z "$rows" ] && exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then as_root=sudo; else as_root=none; fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
        echo "packages: no apt-get here; install the equivalents of: $(echo "$rows" | cut -f2 | tr '\n' ' ')" >&2
elif [ "$as_root" = none ]; then
        echo "packages: not root, and no sudo to ask: cannot install what is missing" >&2
else
        echo "packages: installing $(echo "$rows" | cut -f2 | cut -d'|' -f1 | tr '\n' ' ')" >&2
        $as_root apt-get update -qq >&2 || echo "packages: the package archive does not answer; trying with what is known" >&2
        names=$(echo "$rows" | cut -f2 | while read -r p; do choose "$p"; done)
        # One that the archive lacks must not keep the others away.
        # shellcheck disable=SC2086
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names >&2 ||
                for p in $names; do
                        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$p" >&2 ||
                                echo "packages: could not install $p" >&2
                done
fi

rows=$(missing "$@")
[ -z "$rows" ] && exit 0
echo "$rows" | while IFS="$tab" read -r set package why; do
        if [ "$set" = build ]; then echo "missing: $package ($why): zerocrit cannot be built without it"; else echo "missing: $package; goes on without: $why"; fi
done >&2
if echo "$rows" | grep -q "^build$tab"; then
        echo "to mend: sudo apt-get install $(echo "$rows" | grep "^build$tab" | cut -f2 | cut -d'|' -f1 | tr '\n' ' ')" >&2
        exit 1
fi
exit 0

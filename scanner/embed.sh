#!/bin/sh
# Writes C on standard output that carries the named files inside the program, found by zc_embedded_find().
set -eu
echo '#include "zc/embed.h"'
n=0
for f in "$@"; do
        printf '__asm__(".section .rodata\\n.globl zc_file_%d\\n.hidden zc_file_%d\\nzc_file_%d: .incbin \\"%s\\"\\n' $n $n $n "$f"
        printf '.globl zc_file_%d_end\\n.hidden zc_file_%d_end\\nzc_file_%d_end: .byte 0\\n.previous\\n");\n' $n $n $n
        printf 'extern const char zc_file_%d[], zc_file_%d_end[];\n' $n $n
        n=$((n + 1))
done
echo 'const struct zc_embedded zc_embedded[] = {'
n=0
for f in "$@"; do
        printf '        { "%s", zc_file_%d, zc_file_%d_end },\n' "$f" $n $n
        n=$((n + 1))
done
echo '        { 0, 0, 0 },'
echo '};'
echo "const size_t zc_embedded_count = $n;"

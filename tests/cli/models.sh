#!/bin/bash
# Every CPU model is what programs of the time find out about it; on both engines.
source "${BASH_SOURCE%/*}/lib.sh"

assemble models

# finds LINE --cpu-TEXT...: the firmware's line on each of those models.
finds()
{
    local line=$1 cpu engine
    shift
    for cpu in "$@"; do
        for engine in $ENGINES; do
            vestige run --cpu "$cpu" --engine $engine --bios models.img --display none \
                --debugcon stdio --debug-exit --for 1M
            [[ $(<out.txt) == "$line" ]] || wrong "$cpu, $engine: not $line"
        done
    done
}

new='pushsp=old shl=0002 flags=0000/7000 wrap=no word=fault ud=yes'
finds 'pushsp=new shl=0000 flags=f000/f000 wrap=yes word=wrap ud=no msw=-' 8086 8088 8086,+fpu
finds 'pushsp=new shl=0002 flags=f000/f000 wrap=yes word=wrap ud=yes msw=-' 186
finds 'pushsp=old shl=0002 flags=0000/0000 wrap=no word=fault ud=yes msw=fff0' 286
finds "$new msw=0010 ac=no id=no" 386 386,+i486 386sx,+fpu
finds "$new msw=0000 ac=no id=no" 386sx
finds "$new msw=0010 ac=yes id=yes GenuineIntel 0413" 486
finds "$new msw=0010 ac=yes id=yes GenuineIntel 052c" pentium
finds "$new msw=0010 ac=yes id=yes GenuineIntel 0683" p3,-sse
finds "$new msw=0010 ac=yes id=yes AuthenticAMD 058c" k6-2
finds "$new msw=0010 ac=yes id=yes AuthenticAMD 0644" athlon,-3dnow
finds "$new msw=0010 ac=yes id=yes GenuineIntel 0f29" max

refuses 'CPU model 8086 cannot run SeaBIOS, which needs a 486: give .* --bios FILE' run --cpu 8086 \
    --display none
refuses 'CPU model 386 cannot run SeaBIOS, which needs BSWAP: give --cpu 386,\+i486 .*' run --cpu 386 \
    --display none
refuses 'CPU model 286 cannot have i486: .*' run --cpu 286,+i486
refuses 'CPU model p3 cannot lack i486: .*' run --cpu p3,-i486
refuses 'CPU model 8086 cannot have tsc: it has no CPUID instruction' run --cpu 8086,+tsc
refuses '--memory 2M: CPU model 8086 addresses 1 MiB of RAM at most' run --cpu 8086 -m 2M

finish

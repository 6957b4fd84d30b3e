# workloads.sh mark|say PARTS: runs the parts that are named (NAME,NAME...), each between a line "> NAME" and
# a line "< NAME"; then "= NAME CHECKSUM" of what it wrote.  Everything else goes to /tmp.
say=$1
parts=,$2,
export PATH=/usr/bin:/bin:/bench LC_ALL=C PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
cd /tmp

part()
{
    name=$1
    shift
    case $parts in
    *,"$name",*) ;;
    *) return ;;
    esac
    latency "$say" "> $name"
    "$@" >/tmp/out 2>/tmp/errors || echo "status $?" >>/tmp/out
    latency "$say" "< $name"
    latency "$say" "= $name $(md5sum </tmp/out)"
}

count()
{
    i=0
    sum=0
    while [ $i -lt 60000 ]; do
        case $((i % 4)) in
        0) sum=$((sum + i)) ;;
        1) word=w$i ;;
        2) sum=$((sum ^ ${#word})) ;;
        *) word=${word#w} ;;
        esac
        i=$((i + 1))
    done
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        sum=$((sum + $(echo $sum $i | busybox wc -c)))
    done
    echo $sum
}

head -c 300000 /bench/data >/tmp/small
gzip -c /bench/data >/tmp/data.gz
bzip2 -c /tmp/small >/tmp/small.bz2
xz -1 -c /bench/data >/tmp/data.xz
many="/bench/data /bench/data /bench/data /bench/data"

part gzip gzip -c /bench/data
part gunzip gzip -dc /tmp/data.gz /tmp/data.gz /tmp/data.gz /tmp/data.gz
part bzip2 bzip2 -c /tmp/small
part bunzip2 bzip2 -dc /tmp/small.bz2 /tmp/small.bz2 /tmp/small.bz2
part xz xz -1 -c /tmp/small
part unxz xz -dc /tmp/data.xz /tmp/data.xz /tmp/data.xz
part openssl_sha openssl dgst -sha256 $many $many $many
part openssl_aes sh -c "cat $many | openssl enc -aes-128-cbc -K 00112233445566778899aabbccddeeff -iv 00"
part openssl_rsa openssl prime -hex "$(cat /bench/prime)"
part lua lua5.4 /bench/work.lua
part perl perl /bench/work.pl
part python python3.11 -S -E /bench/work.py
part sqlite sqlite3 -init /dev/null :memory: ".read /bench/work.sql"
part shell count
for name in getpid signal mmap_touch pingpong fork_exec; do
    part $name latency $name
done

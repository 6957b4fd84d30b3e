/*
 * The geometry of a hard disk image (declared in recognise.h).
 *
 * A partition made under some geometry ends on that geometry's last head and sector.  Up to 16
 * heads can be the drive's own; more mean that a BIOS translated, which firmware does again.  An
 * entry counts only if its CHS start agrees with its LBA start.
 */
#include "base/endian.h"
#include "machine/media/recognise.h"

enum { DRIVE_HEADS = 16, DRIVE_SECTORS = 63, MOST_CYLINDERS = 16383, BIOS_CYLINDERS = 1024 };
enum { TABLE_AT = 446, ENTRY_BYTES = 16, ENTRIES = 4 };

struct chs {
    unsigned cylinder, head, sector;
};

static struct chs unpack(const uint8_t *packed)
{
    return (struct chs){.cylinder = packed[2] | (packed[1] & 0xc0u) << 2,
                        .head = packed[0],
                        .sector = packed[1] & 0x3fu};
}

/* Heads and sectors as one partition entry tells them. */
static bool entry_tells(const uint8_t *entry, unsigned *heads, unsigned *sectors)
{
    struct chs start = unpack(entry + 1);
    struct chs end = unpack(entry + 5);
    uint32_t lba = load_le32(entry + 8);
    uint32_t count = load_le32(entry + 12);
    if ((entry[0] & 0x7f) || entry[4] == 0 || count == 0 || end.head == 0 || end.sector == 0 ||
        start.sector == 0 || end.head == 255) {
        return false;
    }
    *heads = end.head + 1;
    *sectors = end.sector;
    uint64_t told = ((uint64_t)start.cylinder * *heads + start.head) * *sectors + start.sector - 1;
    return start.head < *heads && start.sector <= *sectors &&
           (told == lba || start.cylinder >= BIOS_CYLINDERS - 1);
}

static bool table_tells(const struct block_media *media, unsigned *heads, unsigned *sectors)
{
    uint8_t sector[512];
    if (media->sector_bytes != sizeof(sector) || media->sectors == 0 ||
        !media->read(media->media, 0, 1, sector) || sector[510] != 0x55 || sector[511] != 0xaa) {
        return false;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (entry_tells(sector + TABLE_AT + i * (size_t)ENTRY_BYTES, heads, sectors)) {
            return true;
        }
    }
    return false;
}

static uint16_t cylinders_for(uint64_t total, unsigned heads, unsigned sectors)
{
    uint64_t cylinders = total / ((uint64_t)heads * sectors);
    return (uint16_t)(cylinders < 1 ? 1 : cylinders > MOST_CYLINDERS ? MOST_CYLINDERS : cylinders);
}

/* Heads that firmware arrives at by halving cylinders and doubling heads. */
static unsigned large_heads(unsigned cylinders)
{
    unsigned heads = DRIVE_HEADS;
    while (cylinders > BIOS_CYLINDERS && heads < 128) {
        cylinders /= 2;
        heads *= 2;
    }
    return heads;
}

struct disk_geometry recognise_geometry(const struct block_media *media)
{
    unsigned heads = 0;
    unsigned sectors = 0;
    bool told = table_tells(media, &heads, &sectors);
    if (told && heads <= DRIVE_HEADS &&
        media->sectors / ((uint64_t)heads * sectors) <= MOST_CYLINDERS) {
        return (struct disk_geometry){
            {cylinders_for(media->sectors, heads, sectors), (uint8_t)heads, (uint8_t)sectors},
            TRANSLATION_NONE};
    }
    uint16_t cylinders = cylinders_for(media->sectors, DRIVE_HEADS, DRIVE_SECTORS);
    enum disk_translation translation = TRANSLATION_NONE;
    if (cylinders > BIOS_CYLINDERS || (told && heads > DRIVE_HEADS)) {
        bool large = told && heads == large_heads(cylinders);
        translation = large ? TRANSLATION_LARGE : TRANSLATION_LBA;
    }
    return (struct disk_geometry){{cylinders, DRIVE_HEADS, DRIVE_SECTORS}, translation};
}

/*
 * IDENTIFY DEVICE and IDENTIFY PACKET DEVICE: 256 little-endian words, ATA/ATAPI-6 sections 8.15
 * and 8.16.  Fixed words are rows; what depends on the drive is filled in after them.
 */
#include "base/endian.h"
#include "devices/storage/ata.h"

#include <string.h>

struct word {
    uint8_t at;
    uint16_t value;
};

static const struct word disk_words[] = {
    {0, 0x0040},                /* ATA, fixed */
    {5, 512},     {20, 3},      /* retired: dual-ported buffer with read cache */
    {21, 512},                  /* buffer size in sectors */
    {22, 4},                    /* retired: ECC bytes */
    {48, 1},                    /* 32-bit data port works */
    {49, 0x0f00},               /* LBA, DMA, IORDY */
    {50, 0x4000}, {51, 0x0200}, /* PIO timing mode 2 */
    {52, 0x0200}, {53, 0x0007}, /* words 54-58, 64-70 and 88 are valid */
    {64, 0x0003},               /* PIO modes 3 and 4 */
    {65, 120},                  /* cycle times, ns */
    {66, 120},    {67, 120},
    {68, 120},    {80, 0x007e}, /* ATA-1 .. ATA/ATAPI-6 */
    {81, 0x0018},               /* ATA/ATAPI-6 revision 3a */
    {82, 0x4068},               /* NOP, look-ahead, write cache, power management */
    {83, 0x7400},               /* FLUSH CACHE, FLUSH CACHE EXT, 48-bit */
    {84, 0x4000}, {86, 0x3400},
    {87, 0x4000}, {93, 0x6001}, /* reset results: 80-conductor cable, device 0 */
};

static const struct word packet_words[] = {
    {0, 0x85c0}, /* ATAPI, CD-ROM, removable, DRQ within 50 us, 12-byte packets */
    {20, 3},      {21, 512},    {48, 1},      {49, 0x0f00}, {51, 0x0200},
    {52, 0x0200}, {53, 0x0007}, {64, 0x0003}, {65, 120},    {66, 120},
    {67, 120},    {68, 120},    {71, 30}, /* us from PACKET to release, from SERVICE to BSY clear */
    {72, 30},     {80, 0x007e}, {81, 0x0018}, {82, 0x4210}, /* NOP, DEVICE RESET, PACKET */
    {83, 0x4000}, {84, 0x4000}, {85, 0x4210}, {87, 0x4000}, {93, 0x6001},
};

static void put(uint8_t *words, unsigned at, unsigned value)
{
    store_le16(words + 2 * (size_t)at, (uint16_t)value);
}

/* ASCII of IDENTIFY: space-padded, the two characters of a word swapped. */
static void put_text(uint8_t *words, unsigned at, unsigned count, const char *text)
{
    size_t length = strlen(text);
    for (unsigned i = 0; i < 2 * count; i++) {
        words[2 * (size_t)at + (i ^ 1)] = i < length ? (uint8_t)text[i] : ' ';
    }
}

static void put_rows(uint8_t *words, const struct word *rows, size_t count)
{
    memset(words, 0, IDE_SECTOR_BYTES);
    for (size_t i = 0; i < count; i++) {
        put(words, rows[i].at, rows[i].value);
    }
}

static void put_names_and_modes(const struct ide_drive *drive, uint8_t *words)
{
    put_text(words, 10, 10, drive->serial);
    put_text(words, 23, 4, "1.0");
    put_text(words, 27, 20, drive->model);
    put(words, 63, 0x07 | (unsigned)drive->mdma_mode << 8);
    put(words, 88, 0x07 | (unsigned)drive->udma_mode << 8);
}

/* Word 93: 80-conductor cable; device 0 says whether it also answers for device 1. */
static void put_reset_results(const struct ide_drive *drive, uint8_t *words)
{
    bool alone = !ide_present(&drive->channel->drive[1]);
    put(words, 93, drive->unit ? 0x6100 : alone ? 0x6041 : 0x6001);
}

void ata_identify(const struct ide_drive *drive, uint8_t *words)
{
    const struct block_geometry *geometry = &drive->geometry;
    uint64_t sectors = drive->media ? drive->media->sectors : 0;
    uint32_t lba28 = sectors > 0x0fffffff ? 0x0fffffff : (uint32_t)sectors;
    uint32_t translated = (uint32_t)drive->cylinders * drive->heads * drive->sectors;
    put_rows(words, disk_words, sizeof(disk_words) / sizeof(disk_words[0]));
    put_names_and_modes(drive, words);
    put(words, 1, geometry->cylinders);
    put(words, 3, geometry->heads);
    put(words, 4, 512u * geometry->sectors);
    put(words, 6, geometry->sectors);
    put(words, 47, 0x8000 | IDE_MAX_MULTIPLE);
    put(words, 54, drive->cylinders);
    put(words, 55, drive->heads);
    put(words, 56, drive->sectors);
    store_le32(words + 57 * 2, translated);
    put(words, 59, drive->multiple ? 0x100u | drive->multiple : 0);
    store_le32(words + 60 * 2, lba28);
    put(words, 85, 0x4008u | (drive->look_ahead ? 0x40u : 0) | (drive->write_cache ? 0x20u : 0));
    put_reset_results(drive, words);
    store_le64(words + 100 * 2, sectors);
}

void ata_identify_packet(const struct ide_drive *drive, uint8_t *words)
{
    put_rows(words, packet_words, sizeof(packet_words) / sizeof(packet_words[0]));
    put_names_and_modes(drive, words);
    put_reset_results(drive, words);
}

/* See saved_tlb.h. */
#include "machine/saved_tlb.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_NUMBERS = sizeof(struct tlb_row) / sizeof(uint32_t) };
_Static_assert(sizeof(struct tlb_row) == ROW_NUMBERS * sizeof(uint32_t), "a row is numbers only");

void saved_tlb_write(const struct translator *translator, struct fields_writer *writer)
{
    uint32_t regions[TLB_REGIONS];
    struct tlb_row *rows = malloc((translator_tlb_most(translator) + 1) * sizeof(*rows));
    if (!rows) {
        writer->failed = true;
        return;
    }
    size_t count = translator_tlb_rows(translator, rows);
    size_t large = translator_tlb_large(translator, regions);
    fields_begin(writer, "tlb", "tlb");
    fields_put(writer, "rows", STATE_u32, (uint32_t)(count * ROW_NUMBERS), rows);
    fields_put(writer, "large", STATE_u32, (uint32_t)large, regions);
    fields_end(writer);
    free(rows);
}

static bool read_rows(struct saved_tlb *saved, const struct saved_field *field)
{
    size_t count = field->count / ROW_NUMBERS;
    struct tlb_row *rows = malloc((count + 1) * sizeof(*rows));
    bool good = rows && field->count % ROW_NUMBERS == 0;
    for (size_t i = 0; good && i < count; i++) {
        uint32_t at = (uint32_t)(i * ROW_NUMBERS);
        rows[i].page = (uint32_t)saved_element(field, at);
        for (uint32_t n = 0; n < ROW_NUMBERS - 1; n++) {
            rows[i].mapping[n] = (uint32_t)saved_element(field, at + 1 + n);
        }
        good = translator_tlb_row_good(&rows[i]) && (i == 0 || rows[i].page > rows[i - 1].page);
    }
    free(saved->rows);
    saved->rows = rows;
    saved->count = good ? count : 0;
    return good;
}

static bool read_regions(struct saved_tlb *saved, const struct saved_field *field)
{
    saved->region_count = field->count;
    for (uint32_t i = 0; field->count <= TLB_REGIONS && i < field->count; i++) {
        saved->regions[i] = (uint32_t)saved_element(field, i);
    }
    return field->count <= TLB_REGIONS;
}

bool saved_tlb_read(struct saved_tlb *saved, struct section section, struct status *status)
{
    struct saved_field field;
    while (section_next(&section, &field, status)) {
        bool taken = false;
        if (field.kind == STATE_u32 && strcmp(field.name, "rows") == 0) {
            taken = read_rows(saved, &field);
        } else if (field.kind == STATE_u32 && strcmp(field.name, "large") == 0) {
            taken = read_regions(saved, &field);
        }
        if (!taken) {
            return status_fail(status, "tlb.%s: no mappings of this version", field.name);
        }
    }
    return !status->failed;
}

void saved_tlb_free(struct saved_tlb *saved)
{
    free(saved->rows);
    saved->rows = NULL;
}

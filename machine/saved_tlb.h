/*
 * The guest's TLB as a section of the saved state.
 *
 * Section "tlb": `rows`, u32, four numbers for each linear page that is held (struct tlb_row), and
 * `large`, u32, the regions in which large pages are held.
 */
#ifndef MACHINE_SAVED_TLB_H
#define MACHINE_SAVED_TLB_H

#include "snapshots/fields.h"
#include "translator/translator.h"

struct saved_tlb {
    struct tlb_row *rows;
    size_t count;
    uint32_t regions[TLB_REGIONS];
    size_t region_count;
};

void saved_tlb_write(const struct translator *translator, struct fields_writer *writer);
/* Takes the rows from a section; they are freed by saved_tlb_free(). */
bool saved_tlb_read(struct saved_tlb *saved, struct section section, struct status *status);
void saved_tlb_free(struct saved_tlb *saved);

#endif

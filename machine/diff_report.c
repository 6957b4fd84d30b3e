#include "machine/diff_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_SHOWN = 40, BYTES_SHOWN = 16, PAGE = 4096 };

void diff_report_sides(const struct diff *diff, FILE *out)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct side *side = &diff->side[i];
        fprintf(out, "%-6s %s%s%s%s\n", side->name, side->what, side->command ? " (" : "",
                side->command ? side->command : "", side->command ? ")" : "");
    }
    if (diff->adopted && *diff->adopted) {
        fprintf(out, "differ from the start, made the same:%s\n", diff->adopted);
    }
}

static void print_all(const struct answer *answer, const char *indent, FILE *out)
{
    for (size_t i = 0; i < answer->count; i++) {
        fprintf(out, "%s%s\n", indent, answer->lines[i]);
    }
}

/* The instructions from good to bad, as the left side meets them. */
static bool show_code(struct diff *diff, FILE *out)
{
    struct side *left = &diff->side[0];
    for (uint64_t at = diff->good; at < diff->bad; at++) {
        struct answer answer;
        side_ask(left, "run %" PRIu64, at);
        if (!side_answer(left, &answer, &diff->status)) {
            return false;
        }
        answer_free(&answer);
        side_ask(left, "code");
        if (!side_answer(left, &answer, &diff->status)) {
            return false;
        }
        fprintf(out, "  %" PRIu64 "  %s\n", at, answer_line(&answer));
        answer_free(&answer);
    }
    return true;
}

static void show_field(const char *left, const char *right, FILE *out)
{
    const char *value = strrchr(left, ' ');
    const char *other = strrchr(right, ' ');
    fprintf(out, "  %-28.*s left %-16s  right %s\n", (int)(value - left), left, value + 1,
            other + 1);
}

static bool show_fields(struct diff *diff, FILE *out)
{
    struct answer fields[2];
    if (!diff_both(diff, fields, "fields")) {
        return false;
    }
    unsigned shown = 0;
    for (size_t i = 0; i < fields[0].count && i < fields[1].count; i++) {
        if (strcmp(fields[0].lines[i], fields[1].lines[i]) != 0 && shown++ < FIELDS_SHOWN) {
            show_field(fields[0].lines[i], fields[1].lines[i], out);
        }
    }
    if (shown > FIELDS_SHOWN) {
        fprintf(out, "  and %u more\n", shown - FIELDS_SHOWN);
    }
    answer_free(&fields[0]);
    answer_free(&fields[1]);
    return true;
}

static bool show_page(struct diff *diff, uint64_t page, unsigned *shown, FILE *out)
{
    struct answer bytes[2];
    if (!diff_both(diff, bytes, "page %" PRIx64, page)) {
        return false;
    }
    const char *left = answer_line(&bytes[0]);
    const char *right = answer_line(&bytes[1]);
    for (unsigned i = 0; i < PAGE && left[0] && left[1] && right[0] && right[1];
         i++, left += 2, right += 2) {
        if (memcmp(left, right, 2) != 0 && (*shown)++ < BYTES_SHOWN) {
            fprintf(out,
                    "  memory %08" PRIx64 "              left %.2s                right %.2s\n",
                    page + i, left, right);
        }
    }
    answer_free(&bytes[0]);
    answer_free(&bytes[1]);
    return true;
}

/* Both lists ascend; a page that one lacks is zeros there. */
static bool show_memory(struct diff *diff, FILE *out)
{
    struct answer pages[2];
    unsigned shown = 0;
    if (!diff_both(diff, pages, "pages")) {
        return false;
    }
    bool good = true;
    for (size_t i = 0, k = 0; good && (i < pages[0].count || k < pages[1].count);) {
        uint64_t left = i < pages[0].count ? strtoull(pages[0].lines[i], NULL, 16) : UINT64_MAX;
        uint64_t right = k < pages[1].count ? strtoull(pages[1].lines[k], NULL, 16) : UINT64_MAX;
        if (left != right || strcmp(pages[0].lines[i], pages[1].lines[k]) != 0) {
            good = show_page(diff, left < right ? left : right, &shown, out);
        }
        i += left <= right;
        k += right <= left;
    }
    if (shown > BYTES_SHOWN) {
        fprintf(out, "  and %u more bytes\n", shown - BYTES_SHOWN);
    }
    answer_free(&pages[0]);
    answer_free(&pages[1]);
    return good;
}

bool diff_report(struct diff *diff, FILE *out)
{
    struct answer before[2];
    struct answer after[2];
    bool same;
    uint64_t count = diff->bad - diff->good;
    if (!diff_both(diff, before, "cpu")) {
        return false;
    }
    fprintf(out, "the same for %" PRIu64 " instructions; then %s:\n", diff->good,
            count == 1 ? "this one differs" : "one of these differs");
    bool good = show_code(diff, out) && diff_equal(diff, &same, "run %" PRIu64, diff->bad);
    fputs("after it:\n", out);
    good = good && show_fields(diff, out) && show_memory(diff, out);
    fputs("--- before it, both\n", out);
    print_all(&before[0], "", out);
    answer_free(&before[0]);
    answer_free(&before[1]);
    if (!good || !diff_both(diff, after, "cpu")) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        fprintf(out, "--- after it, %s\n", diff->side[i].name);
        print_all(&after[i], "", out);
        answer_free(&after[i]);
    }
    return true;
}

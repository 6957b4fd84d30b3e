/* Members of the record by name, so that listings of code do not depend on its layout. */
#ifndef TESTS_SUPPORT_RECORD_MEMBERS_H
#define TESTS_SUPPORT_RECORD_MEMBERS_H

#include "translator/api/context.h"

/* The name of what stands at that offset, or NULL. */
static inline const char *record_member(size_t offset)
{
    static const struct {
        const char *name;
        size_t at;
    } members[] = {
#define MEMBER(name) {#name, offsetof(struct context, name)}
        MEMBER(budget),
        MEMBER(leave),
        MEMBER(eflags),
        MEMBER(flags),
        MEMBER(slow_value),
        MEMBER(vec_resident),
        MEMBER(fpu_resident),
        MEMBER(hash),
        MEMBER(tag),
        MEMBER(fip),
        MEMBER(fop),
        MEMBER(fcs),
        MEMBER(fds),
        MEMBER(fdp),
        MEMBER(seg[SEG_ES].base),
        MEMBER(seg[SEG_DS].base),
        MEMBER(seg[SEG_SS].base),
        MEMBER(seg[SEG_CS].selector),
        MEMBER(seg[SEG_DS].selector),
        MEMBER(seg[SEG_DS].read_end),
        MEMBER(seg[SEG_DS].write_end),
        MEMBER(seg[SEG_DS].start),
        MEMBER(ftop),
        MEMBER(ftag),
        MEMBER(st[0]),
        MEMBER(st[0].exponent),
        MEMBER(st[1]),
        MEMBER(st[2]),
#undef MEMBER
    };
    for (unsigned i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].at == offset) {
            return members[i].name;
        }
    }
    return NULL;
}

#endif

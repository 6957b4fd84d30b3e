/* CPU models: the table, features by name, CPUID leaves, address width. */
#include "tests/support/flat_memory.h"

static struct x86_model configured(const char *text)
{
    struct x86_model model;
    struct status status = {0};
    ck_assert_msg(x86_model_configure(&model, text, &status), "%s", status.text);
    return model;
}

static void refused(const char *text, const char *message)
{
    struct x86_model model;
    struct status status = {0};
    ck_assert(!x86_model_configure(&model, text, &status));
    ck_assert_str_eq(status.text, message);
}

/* The four registers of a leaf on a CPU named as for --cpu. */
static void leaf(const char *text, uint32_t number, uint32_t out[4])
{
    struct x86_model model = configured(text);
    struct x86_wires wires = {0};
    struct x86_cpu *cpu = x86_create(&model, &wires);
    x86_cpuid(cpu, number, 0, out);
    x86_destroy(cpu);
}

static uint32_t edx_of(const char *text, uint32_t number)
{
    uint32_t out[4];
    leaf(text, number, out);
    return out[3];
}

START_TEST(an_added_feature_brings_what_it_needs)
{
    ck_assert_uint_eq(edx_of("pentium,+sse", 1) & (FEATURE_SSE | FEATURE_FXSR | FEATURE_MMX),
                      FEATURE_SSE | FEATURE_FXSR | FEATURE_MMX);
    ck_assert_uint_eq(edx_of("p4,-sse,+sse2", 1), edx_of("p4", 1));
    struct x86_model pae = configured("486,+pae");
    ck_assert_uint_eq(pae.address_bits, 36);
}
END_TEST

START_TEST(a_feature_goes_with_all_that_need_it)
{
    ck_assert_uint_eq(edx_of("p4,-mmx", 1) & (FEATURE_SSE | FEATURE_SSE2 | FEATURE_MMX), 0);
    ck_assert_uint_eq(edx_of("p4,-fpu", 1) & (FEATURE_FXSR | FEATURE_SSE), 0);
    ck_assert_uint_eq(edx_of("max,-pae", 0x80000001) & FEATURE_EXT_NX, 0);
}
END_TEST

START_TEST(an_extended_feature_brings_its_leaf)
{
    uint32_t out[4];
    leaf("p3", 0x80000000, out);
    ck_assert_uint_eq(out[3], 0x0c040882); /* as leaf 2, the highest */
    leaf("p3,+nx", 0x80000000, out);
    ck_assert_uint_eq(out[0], 0x80000001);
    ck_assert_uint_eq(edx_of("p3,+nx", 0x80000001), FEATURE_EXT_NX);
}
END_TEST

START_TEST(what_cannot_be_is_one_message)
{
    refused("z80", "unknown CPU model \"z80\" (`--cpu help` lists them)");
    refused("", "unknown CPU model \"\" (`--cpu help` lists them)");
    refused("pentum",
            "unknown CPU model \"pentum\" (did you mean pentium? `--cpu help` lists them)");
    refused("p3,+z80", "unknown CPU feature \"z80\" (`--cpu help` lists them)");
    refused("p3,+sse42",
            "unknown CPU feature \"sse42\" (did you mean sse4.2? `--cpu help` lists them)");
    refused("p3,+", "--cpu: \"+\" is not +FEATURE or -FEATURE");
    refused("p3,sse", "--cpu: \"sse\" is not +FEATURE or -FEATURE");
    refused("286,+i486", "CPU model 286 cannot have i486: they want 32-bit registers");
    refused("486,-i486", "CPU model 486 cannot lack i486: they belong to it");
    refused("386,+tsc", "CPU model 386 cannot have tsc: it has no CPUID instruction");
}
END_TEST

static void check_model(void *user, const char *name, const char *what)
{
    const struct x86_model *model = x86_model_find(name);
    (void)user;
    ck_assert_ptr_nonnull(model);
    ck_assert_msg(*what && strlen(what) < 70, "%s: %s", name, what);
    ck_assert_msg(model->address_bits >= 20 && model->address_bits <= 36, "%s", name);
    ck_assert(!model->max_leaf || strlen(model->vendor) == 12);
    ck_assert(!model->brand || strlen(model->brand) < 48);
    ck_assert(!model->max_extended || model->max_leaf);
}

START_TEST(amd_models_show_their_own_leaves)
{
    uint32_t out[4];
    leaf("k6-2", 0, out);
    ck_assert_uint_eq(out[1], load_le32("Auth"));
    ck_assert_uint_eq(out[0], 1);
    leaf("k6-2", 1, out);
    ck_assert_uint_eq(out[0], 0x58c);
    ck_assert_uint_eq(out[3], 0x0080213f); /* 008021BF less machine check */
    leaf("k6-2", 0x80000001, out);
    ck_assert_uint_eq(out[0], 0x68c);
    ck_assert_uint_eq(out[3], 0x8080293f);
    leaf("k6-2", 0x80000005, out);
    ck_assert_uint_eq(out[2], 0x20020220);
    leaf("k6-2", 2, out);
    ck_assert_uint_eq(out[0] | out[1] | out[2] | out[3], 0);
    leaf("athlon", 0x80000001, out);
    ck_assert_uint_eq(out[0], 0x744);
    ck_assert_uint_eq(out[3], 0xc1c3bb7f); /* C1C3FBFF less machine check */
    leaf("athlon", 0x80000002, out);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(out[i], load_le32(&"AMD Athlon(tm) P"[4 * i]));
    }
    leaf("athlon", 0x80000006, out);
    ck_assert_uint_eq(out[2], 0x01008140);
    leaf("athlon", 0x80000008, out);
    ck_assert_uint_eq(out[0], 0x2022);
    ck_assert_uint_eq(edx_of("k6-2,-mmx", 0x80000001) & FEATURE_EXT_3DNOW, 0);
}
END_TEST

static void take_away(void *user, const char *feature)
{
    struct x86_model *model = user;
    char text[64];
    snprintf(text, sizeof(text), "%s,-%s", model->name, feature);
    if (strcmp(feature, "i486") == 0) {
        return; /* is not shown */
    }
    struct x86_model less = configured(text);
    for (unsigned i = 0; i < X86_FEATURE_WORDS; i++) {
        model->features[i] &= less.features[i];
    }
}

START_TEST(the_table_is_well_formed)
{
    x86_model_list(check_model, NULL);
}
END_TEST

START_TEST(every_feature_bit_has_a_name)
{
    static const char *const models[] = {"max", "athlon", "k6-2"};
    for (unsigned k = 0; k < sizeof(models) / sizeof(models[0]); k++) {
        struct x86_model rest = configured(models[k]);
        x86_feature_list(take_away, &rest);
        for (unsigned i = 0; i < X86_FEATURE_WORDS; i++) {
            ck_assert_msg(rest.features[i] == 0, "%s, word %u: %x", models[k], i, rest.features[i]);
        }
    }
}
END_TEST

START_TEST(edx_has_the_signature_after_reset)
{
    static const struct {
        const char *model;
        uint32_t edx;
    } rows[] = {{"386", 0x308}, {"386sx", 0x2308}, {"486", 0x413}, {"pentium", 0x52c},
                {"p2", 0x652},  {"p3", 0x683},     {"p4", 0xf29}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flat *flat = flat_create(rows[i].model);
        ck_assert_uint_eq(flat->ctx->gpr[GUEST_RDX], rows[i].edx);
        flat_destroy(flat);
    }
}
END_TEST

START_TEST(addresses_wrap_where_the_pins_end)
{
    struct flat *flat = flat_create("386sx");
    struct page_walk walk;
    ck_assert(x86_walk(flat->ctx, 0xfffff000, ACCESS_READ, false, &walk));
    ck_assert_uint_eq(walk.gpa, 0xfff000);
    x86_set_a20(flat->cpu, false);
    x86_reset(flat->cpu, false);
    ck_assert(x86_walk(flat->ctx, 0xfffff000, ACCESS_READ, false, &walk));
    ck_assert_uint_eq(walk.gpa, 0xeff000);
    flat_destroy(flat);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_added_feature_brings_what_it_needs, a_feature_goes_with_all_that_need_it,
        an_extended_feature_brings_its_leaf,   what_cannot_be_is_one_message,
        amd_models_show_their_own_leaves,      the_table_is_well_formed,
        every_feature_bit_has_a_name,          edx_has_the_signature_after_reset,
        addresses_wrap_where_the_pins_end,     NULL};
    return flat_main("cpu models", tests);
}

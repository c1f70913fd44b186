/*
 * test_memory.c - the book of mappings that platforms in this process share: order, bounds, growth
 * in place, zeroing.
 * ctest-labels: unit
 */
#include "platform/common/memory.h"

#include "support/check.h"

enum { PAGE = 4096, MANY = 300 };

/* Byte at a device address. */
static uint8_t *at(uint64_t address)
{
    return (uint8_t *)(uintptr_t)address;
}

/* Many mappings, given back in another order: each range belongs to its own mapping, or to none. */
static void many_mappings(void)
{
    slipi_mappings book = {0};
    uint64_t address[MANY] = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_STATUS(SLIP_OK, slipi_mappings_alloc(&book, 1u + i * 37u, &address[i]));
        CHECK_EQ(address[i] % PAGE, 0);
        CHECK_EQ(*at(address[i] + i * 37u), 0);
        *at(address[i]) = 1;
    }
    CHECK_EQ(book.count, MANY);
    for (uint32_t i = 1; i < book.count; i++) {
        CHECK(book.rows[i - 1].address + book.rows[i - 1].bytes <= book.rows[i].address);
    }
    for (uint32_t k = 0; k < MANY; k++) {
        uint32_t i = (k * 7u) % MANY;
        CHECK(slipi_mappings_usable(&book, address[i], 1u + i * 37u));
        slipi_mappings_release(&book, address[i]);
        CHECK(!slipi_mappings_usable(&book, address[i], 1));
    }
    CHECK_EQ(book.count, 0);
    slipi_mappings_fini(&book);
}

/* A range is usable iff all of it is: not beyond the end, not across two mappings, no wrap. */
static void ranges_end_with_their_mapping(void)
{
    slipi_mappings book = {0};
    uint64_t a = 0;
    uint64_t b = 0;
    CHECK_STATUS(SLIP_OK, slipi_mappings_alloc(&book, PAGE, &a));
    CHECK_STATUS(SLIP_OK, slipi_mappings_alloc(&book, PAGE, &b));
    CHECK(slipi_mappings_usable(&book, a, PAGE));
    CHECK(slipi_mappings_usable(&book, a + PAGE - 1u, 1));
    CHECK(!slipi_mappings_usable(&book, a + PAGE - 1u, 2));
    CHECK(!slipi_mappings_usable(&book, a < b ? a : b, UINT64_MAX));
    CHECK(!slipi_mappings_usable(&book, 0, 1));
    CHECK(!slipi_mappings_usable(&book, UINT64_MAX, 1));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_mappings_zero(&book, a + 1u, PAGE));
    slipi_mappings_release(&book, a + 1u); /* not a mapping's start: ignored */
    CHECK(slipi_mappings_usable(&book, a, PAGE));
    slipi_mappings_fini(&book);
    CHECK(book.rows == NULL);
}

/* A reservation is usable as far as it was committed; growing keeps what is there. */
static void commit_grows_in_place(void)
{
    slipi_mappings book = {0};
    uint64_t base = 0;
    CHECK_STATUS(SLIP_OK, slipi_mappings_reserve(&book, 10u * PAGE, &base));
    CHECK(!slipi_mappings_usable(&book, base, 1));
    CHECK_STATUS(SLIP_OK, slipi_mappings_commit(&book, base, 0, 100));
    CHECK(slipi_mappings_usable(&book, base, 100));
    *at(base + 99) = 7;
    CHECK_STATUS(SLIP_OK, slipi_mappings_commit(&book, base, 100, 10u * PAGE));
    CHECK_EQ(*at(base + 99), 7);
    CHECK_EQ(*at(base + 10u * PAGE - 1u), 0);
    CHECK_STATUS(SLIP_OK, slipi_mappings_commit(&book, base, 100, 200));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_mappings_commit(&book, base, 200, 100));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_mappings_commit(&book, base, 0, 11u * PAGE));
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_mappings_commit(&book, base + PAGE, 0, PAGE));
    slipi_mappings_fini(&book);
}

/* Fills a range, zeroes a part, and looks at both sides of its ends. */
static void check_zero(uint64_t base, slipi_mappings *book, uint64_t from, uint64_t bytes)
{
    memset(at(base + from - 1u), 5, (size_t)bytes + 2u);
    CHECK_STATUS(SLIP_OK, slipi_mappings_zero(book, base + from, bytes));
    uint64_t left = 0;
    for (uint64_t i = 0; i < bytes; i++) {
        left += *at(base + from + i) != 0;
    }
    CHECK_EQ(left, 0);
    CHECK_EQ(*at(base + from - 1u), 5);
    CHECK_EQ(*at(base + from + bytes), 5);
}

/* Small and large ranges, on and beside page borders: zero inside, untouched outside. */
static void zero_is_exact(void)
{
    slipi_mappings book = {0};
    uint64_t base = 0;
    CHECK_STATUS(SLIP_OK, slipi_mappings_alloc(&book, 300u * PAGE, &base));
    check_zero(base, &book, 1, 1);
    check_zero(base, &book, PAGE, PAGE);
    check_zero(base, &book, 100, 3u * PAGE);
    check_zero(base, &book, PAGE, 200u * PAGE);
    check_zero(base, &book, PAGE + 1u, 200u * PAGE - 2u);
    check_zero(base, &book, 2u * PAGE - 1u, 200u * PAGE + 2u);
    slipi_mappings_fini(&book);
}

/* Nothing and far too much are refused, and the book stays as it was. */
static void sizes_are_checked(void)
{
    slipi_mappings book = {0};
    uint64_t address = 1;
    CHECK_STATUS(SLIP_E_INVALID_ARGUMENT, slipi_mappings_alloc(&book, 0, &address));
    CHECK_EQ(address, 0);
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slipi_mappings_reserve(&book, UINT64_MAX, &address));
    CHECK_STATUS(SLIP_E_OUT_OF_MEMORY, slipi_mappings_reserve(&book, UINT64_C(1) << 47, &address));
    CHECK_EQ(book.count, 0);
    slipi_mappings_fini(&book);
}

int main(void)
{
    CHECK_CASE(many_mappings);
    CHECK_CASE(ranges_end_with_their_mapping);
    CHECK_CASE(commit_grows_in_place);
    CHECK_CASE(zero_is_exact);
    CHECK_CASE(sizes_are_checked);
    return check_report();
}

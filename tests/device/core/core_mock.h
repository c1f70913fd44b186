/*
 * core_mock.h - intrinsics of a compute core, played, so that core_main.cce can be built and run as
 * C++17 on this machine. For tests/device/core/core_main_test.cc; one core at a time.
 */
#ifndef SLIPWAY_TESTS_CORE_MOCK_H
#define SLIPWAY_TESTS_CORE_MOCK_H

#include <stddef.h>
#include <stdint.h>

#define SLIP_GM
#define SLIP_CORE
#define SLIPI_CORE_ENTRY static

enum { SINGLE_CACHE_LINE = 0, CACHELINE_OUT = 2, DSB_DDR = 0 };

/* What the test has prepared, and what the core did. */
struct core_mock {
    uint32_t block;
    uint32_t sub;
    uint32_t physical;
    uint32_t commands[16]; /* DATA_MAIN_BASE at the next reads; the last one stays */
    uint32_t command_count;
    uint32_t command_at;
    uint32_t cond[64]; /* every value of COND */
    uint32_t cond_count;
    uint64_t lines_out;  /* lines written back */
    uint64_t lines_in;   /* lines dropped */
    uint64_t unfinished; /* line operations without a barrier behind them */
    uint64_t late;       /* COND written while there were some */
    uint64_t clock;
};
extern core_mock mock;

static inline uint32_t core_mock_data_main_base()
{
    uint32_t at = mock.command_at;
    mock.command_at += at + 1u < mock.command_count ? 1u : 0u;
    return mock.commands[at];
}
static inline void set_cond(uint32_t value)
{
    mock.late += mock.unfinished != 0 ? 1u : 0u;
    mock.cond[mock.cond_count++ % 64u] = value;
}
static inline void dcci(void *, int)
{
    mock.lines_in++;
    mock.unfinished++;
}
static inline void dcci(void *, int, int)
{
    mock.lines_out++;
    mock.unfinished++;
}
static inline void dsb(int)
{
    mock.unfinished = 0;
}
static inline uint32_t ld_dev(const uint32_t *address, int)
{
    return *address;
}
static inline uint64_t get_sys_cnt()
{
    return ++mock.clock;
}
static inline uint64_t get_coreid()
{
    return 0xABC000u | mock.physical;
}
static inline uint64_t get_block_idx()
{
    return mock.block;
}
static inline uint64_t get_subblockid()
{
    return mock.sub;
}

#endif

from __future__ import annotations

import gc

from orcaops_mcp.daemon.garbage import collect_seldom


def test_a_process_of_the_engine_leaves_what_it_imported_alone_and_looks_for_garbage_less_often() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        collect_seldom()
        assert gc.get_freeze_count() > max(frozen, 1000)
        assert all(now >= then for now, then in zip(gc.get_threshold(), before, strict=True))
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)

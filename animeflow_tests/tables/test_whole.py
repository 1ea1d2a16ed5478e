import multiprocessing
import os
import signal
import threading

from animeflow.tables.whole import write_whole


def _die_before_the_rename(path) -> None:
    def kill(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    type(path).replace = kill
    write_whole(path, "half")


def test_what_a_killed_writer_left_is_gone_after_the_next_one(tmp_path):
    path = tmp_path / "page.html"
    write_whole(path, "old")
    process = multiprocessing.get_context("fork").Process(target=_die_before_the_rename, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2, "the kill came before anything was written"
    write_whole(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]
    assert path.read_text() == "new"


def test_several_writers_of_one_file_leave_one_of_the_texts_and_nothing_else(tmp_path):
    path, texts = tmp_path / "settings.yaml", [str(n) * (1000 + n) for n in range(8)]
    writers = [threading.Thread(target=write_whole, args=(path, text)) for text in texts for _ in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in texts
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.yaml"]

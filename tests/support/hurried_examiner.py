"""`python -m tests.support.hurried_examiner`: the examiner of files with little time and memory, so that a test sees it die of them."""

from functools import partial

from services.intake.clients import file_examiner, small_process

if __name__ == "__main__":
    small_process.MEMORY = 192 * 1024 * 1024
    vars(file_examiner)["be_small"] = partial(small_process.be_small, cpu_seconds=2)
    file_examiner.main()

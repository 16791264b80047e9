"""What all tests share."""

import os

os.environ["TQDM_DISABLE"] = "1"  # progress bars differ from machine to machine

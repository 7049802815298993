"""What the Dataflow launcher runs. Thin on purpose: what is defined here would be pickled by value and sent to workers."""

import sys

from beam_pipeline.main import main

if __name__ == "__main__":
    sys.exit(main())

"""What a Dataflow worker needs, and nothing else; everything else about the package is in pyproject.toml.

The ranges are those that the job's code relies on. The exact versions, with hashes, are in requirements/ingestion.txt.
"""

from setuptools import setup

setup(install_requires=["apache-beam[gcp]==2.77.0", "msgspec>=0.19", "isal>=1.7"])

"""Workflow files that the pages' tests run."""

from __future__ import annotations

from typing import Final

CHAIN: Final = """
    name: chain
    jobs:
      build: {image: busybox, commands: [echo building]}
      test: {needs: build, image: busybox, commands: [echo testing]}
"""

BROKEN: Final = """
    name: ci
    jobs:
      build: {image: busybox, commands: [echo built]}
      unit:
        needs: build
        image: busybox
        matrix: {version: ["1", "2"]}
        fail_fast: false
        commands:
          - echo "unit ${{ matrix.version }}"
          - test ${{ matrix.version }} = 1
      ship: {needs: unit, image: busybox, commands: [echo shipped]}
      notify: {finally: true, if: always(), image: busybox, commands: [echo told]}
"""

SLOW: Final = """
    name: slow
    jobs:
      first: {image: busybox, commands: [echo one]}
      second: {needs: first, image: busybox, commands: [echo begun, sleep 600]}
      third: {needs: second, image: busybox, commands: [echo three]}
"""

WITH_INPUTS: Final = """
name: greet
inputs:
  who: {type: string, required: true, description: Whom to greet}
  loud: {type: boolean, default: false}
  tone: {type: choice, options: [kind, cold], default: kind}
jobs:
  say:
    image: busybox
    commands: ["echo hello ${{ inputs.who }} ${{ inputs.loud }}"]
"""

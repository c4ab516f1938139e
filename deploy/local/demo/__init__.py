"""The demonstration of the fictional 示例区 (999999): its ledger, and a loader that acts as the offices would."""

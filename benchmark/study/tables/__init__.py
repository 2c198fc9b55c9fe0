"""The tables of a study: MOS, comparisons, change types, agreement, and RCA against MOS."""

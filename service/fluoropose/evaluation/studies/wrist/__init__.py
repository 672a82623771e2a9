"""The radius in real biplane X-ray video of a wrist: a slow search for a reference, then the method against it.

The data are the wrist sample of Autoscoper (Akhbari et al. 2019, J Biomech 92:120; licence beside the data). They are
not part of this project. Lengths in mm, pixels as (column, row).
"""

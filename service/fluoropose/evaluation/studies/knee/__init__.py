"""A total knee replacement in real biplane X-ray video: a reference from raw edges, then the method against it.

The data are those of Joint Track Machine Learning (Jensen et al., J Arthroplasty 2023, doi:10.1016/j.arth.2023.05.029;
repository licence BSD 3-Clause). They are not part of this project. Lengths in mm, pixels as (column, row).
"""

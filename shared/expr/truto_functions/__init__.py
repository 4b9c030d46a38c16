"""The functions of Truto's extension of JSONata, after its release 3.0.6.

One module a subject, of plain functions over JSON values; ``registry.py`` gives them their names.
"""

"""The workbook that a person and the tool share."""

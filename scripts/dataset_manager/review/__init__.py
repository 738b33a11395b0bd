"""Review: what a person marked to look at becomes pictures in folders, a contact sheet and two tabs of the workbook."""

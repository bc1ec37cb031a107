"""The demo desk: Larkspur, a small shop for printers, scanners and stock software, with everything made up."""

"""What `make` needs beside the tools themselves."""

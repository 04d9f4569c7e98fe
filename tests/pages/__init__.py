"""Page objects: where things are on the portal's pages, said once for all tests in a browser."""

"""What a release takes beyond a line of a workflow: the same code on GitHub and in the rehearsal on one computer."""

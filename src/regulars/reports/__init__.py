"""What is handed on: charts, and pages made of them. Drawn by ourselves, without a browser and without the network."""
